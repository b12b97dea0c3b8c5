/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The terminal, by ncurses. */
#include "terminal.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

#include "cells.h"
#include "rescue.h"

/*
 * What each look is with 256 colours, with 8 or 16, and with none. The 8 that have names are what somebody's palette
 * makes of them, on a background that is light or dark: red alone can be read on either, so the rest does with weight,
 * underline and reverse of the terminal's own colours. Those above 16 are the same everywhere: a text on the terminal's
 * own background has one half way between black and white, and a background of ours brings its text along.
 */
enum { OWN = -1, BLACK = 16, CYAN_BAR = 37, YELLOW_BAR = 178, CYAN = 30, GREEN = 28, ORANGE = 130, RED = 160, BLUE = 27 };
enum palette { PALETTE_NONE, PALETTE_NAMED, PALETTE_256, PALETTES };
struct ink {
	short front, back;
	attr_t how;
};
#define PLAIN(attributes) { OWN, OWN, attributes }
static const struct ink looks[LOOKS][PALETTES] = {
	[LOOK_PLAIN] = { PLAIN(A_NORMAL), PLAIN(A_NORMAL), PLAIN(A_NORMAL) },
	[LOOK_DIM] = { PLAIN(A_DIM), PLAIN(A_DIM), PLAIN(A_DIM) },
	[LOOK_TITLE] = { PLAIN(A_BOLD), PLAIN(A_BOLD), PLAIN(A_BOLD) },
	[LOOK_HEADING] = { PLAIN(A_UNDERLINE), PLAIN(A_UNDERLINE), { BLACK, CYAN_BAR, A_NORMAL } },
	[LOOK_SORTED] = { PLAIN(A_REVERSE | A_BOLD), PLAIN(A_REVERSE | A_BOLD), PLAIN(A_REVERSE | A_BOLD) },
	[LOOK_SELECTED] = { PLAIN(A_REVERSE), PLAIN(A_REVERSE), PLAIN(A_REVERSE) },
	[LOOK_MATCH] = { PLAIN(A_UNDERLINE), PLAIN(A_UNDERLINE), { BLACK, YELLOW_BAR, A_NORMAL } },
	[LOOK_KEY] = { PLAIN(A_BOLD), PLAIN(A_BOLD), { CYAN, OWN, A_BOLD } },
	[LOOK_GOOD] = { PLAIN(A_NORMAL), PLAIN(A_NORMAL), { GREEN, OWN, A_NORMAL } },
	[LOOK_WARN] = { PLAIN(A_BOLD), PLAIN(A_BOLD), { ORANGE, OWN, A_BOLD } },
	[LOOK_ALERT] = { PLAIN(A_BOLD | A_UNDERLINE), { COLOR_RED, OWN, A_BOLD }, { RED, OWN, A_BOLD } },
	[LOOK_FROZEN] = { PLAIN(A_DIM), PLAIN(A_DIM), { BLUE, OWN, A_BOLD } },
	[LOOK_GRAPH] = { PLAIN(A_NORMAL), PLAIN(A_NORMAL), { CYAN, OWN, A_NORMAL } },
	[LOOK_PROMPT] = { PLAIN(A_REVERSE), PLAIN(A_REVERSE), PLAIN(A_REVERSE) },
};

struct terminal {
	SCREEN *screen;
	FILE *input;
	int fd;      /* for keys, -1 there are none */
	enum palette palette;
	int mouse;
	int rows, cols;
	int cursor_row, cursor_col; /* row -1: hidden */
};

/* ---- opening and closing ---- */

/* tputs() takes a function without data: the text it makes is gathered here. */
static struct {
	char text[256];
	size_t len;
} restoring;

static int gather(int c)
{
	if (restoring.len < sizeof(restoring.text))
		restoring.text[restoring.len++] = (char)c;
	return c;
}

static void gather_capability(const char *name)
{
	const char *s = tigetstr(name);

	if (s && s != (const char *)-1)
		tputs(s, 1, gather);
}

/* What endwin() would send, kept for the case that it cannot be called. */
static void make_restore(void)
{
	const char *mouse = tigetstr("kmous");

	restoring.len = 0;
	if (mouse && mouse != (const char *)-1)
		for (const char *s = "\033[?1006l\033[?1002l\033[?1000l"; *s; s++)
			gather(*s);
	gather_capability("sgr0");
	gather_capability("rmkx");
	gather_capability("rmcup");
	gather_capability("cnorm");
}

/* Pairs 1 to LOOKS - 1. */
static void set_looks(struct terminal *t, int colour)
{
	short front = OWN, back = OWN;

	t->palette = PALETTE_NONE;
	if (!colour || !has_colors() || start_color() != OK || COLORS < 8 || COLOR_PAIRS <= LOOKS)
		return;
	/* beyond 256 a number is a mixture of red, green and blue, but for the first 8 */
	t->palette = COLORS == 256 ? PALETTE_256 : PALETTE_NAMED;
	/* a terminal without colours of its own that can be asked for: white on black */
	if (use_default_colors() != OK) {
		front = COLOR_WHITE;
		back = COLOR_BLACK;
	}
	for (int i = 1; i < LOOKS; i++) {
		const struct ink *l = &looks[i][t->palette];

		init_pair((short)i, l->front == OWN ? front : l->front, l->back == OWN ? back : l->back);
	}
}

void terminal_mouse(struct terminal *t, int on)
{
	t->mouse = on;
	mousemask(on ? BUTTON1_PRESSED | BUTTON1_CLICKED | BUTTON1_DOUBLE_CLICKED | BUTTON4_PRESSED | BUTTON5_PRESSED : 0,
		  NULL);
}

static void set_modes(struct terminal *t)
{
	cbreak();
	noecho();
	nonl();
	intrflush(stdscr, FALSE);
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	scrollok(stdscr, FALSE);
	set_escdelay(25);
	curs_set(0);
	/* what xterm's family sends in the mode that terminfo does not describe */
	define_key("\033[1~", KEY_HOME);
	define_key("\033[4~", KEY_END);
	define_key("\033[H", KEY_HOME);
	define_key("\033[F", KEY_END);
	mouseinterval(0);
	terminal_mouse(t, t->mouse);
}

/* Keys come from stdin, or from the terminal itself where stdin is something else. */
static FILE *open_input(int *ret_fd)
{
	int fd = isatty(STDIN_FILENO) ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) :
					open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "r");

	*ret_fd = f ? fd : -1;
	if (!f && fd >= 0)
		close(fd);
	return f;
}

static int can_draw(void)
{
	const char *move = tigetstr("cup");

	return move && move != (const char *)-1;
}

/* Ask terminfo before ncurses takes the screen: on a terminal that will not do, nothing is to be written. */
static int known_terminal(void)
{
	int err = 0, r;

	if (setupterm(NULL, STDOUT_FILENO, &err) != OK)
		return 0;
	r = can_draw();
	del_curterm(cur_term);
	return r;
}

int terminal_check(void)
{
	if (!isatty(STDOUT_FILENO))
		return -ENOTTY;
	return known_terminal() ? 0 : -EOPNOTSUPP;
}

int terminal_open(const struct terminal_how *how, struct terminal **ret)
{
	struct terminal *t;
	int r = terminal_check();

	if (r)
		return r;
	t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->mouse = how->mouse;
	t->input = open_input(&t->fd);
	fflush(stdout);
	t->screen = newterm(NULL, stdout, t->input ? t->input : stdin);
	if (!t->screen) {
		if (t->input)
			fclose(t->input);
		free(t);
		return -EOPNOTSUPP;
	}
	make_restore();
	/* the modes of before newterm() are what reset_shell_mode() goes back to */
	reset_shell_mode();
	rescue_arm(STDOUT_FILENO, restoring.text, restoring.len);
	reset_prog_mode();
	rescue_screen(1);
	set_modes(t);
	set_looks(t, how->colour);
	getmaxyx(stdscr, t->rows, t->cols);
	*ret = t;
	return 0;
}

/* On a terminal with one screen alone the shell goes on in the bottom line. */
static void leave_screen(const struct terminal *t)
{
	move(t->rows - 1, 0);
	clrtoeol();
	refresh();
	endwin();
}

struct terminal *terminal_close(struct terminal *t)
{
	if (!t)
		return NULL;
	leave_screen(t);
	rescue_disarm();
	delscreen(t->screen);
	if (t->input)
		fclose(t->input);
	free(t);
	return NULL;
}

int terminal_fd(const struct terminal *t)
{
	return t->fd;
}

void terminal_hung_up(struct terminal *t)
{
	t->fd = -1;
}

/* ---- keys ---- */

static const struct {
	int curses;
	uint32_t code;
} special[] = {
	{ KEY_UP, TERMINAL_UP }, { KEY_DOWN, TERMINAL_DOWN }, { KEY_LEFT, TERMINAL_LEFT },
	{ KEY_RIGHT, TERMINAL_RIGHT }, { KEY_HOME, TERMINAL_HOME }, { KEY_END, TERMINAL_END },
	{ KEY_FIND, TERMINAL_HOME }, { KEY_SELECT, TERMINAL_END }, { KEY_A1, TERMINAL_HOME },
	{ KEY_C1, TERMINAL_END }, { KEY_PPAGE, TERMINAL_PAGE_UP }, { KEY_NPAGE, TERMINAL_PAGE_DOWN },
	{ KEY_A3, TERMINAL_PAGE_UP }, { KEY_C3, TERMINAL_PAGE_DOWN }, { KEY_BACKSPACE, TERMINAL_BACKSPACE },
	{ KEY_DC, TERMINAL_DELETE }, { KEY_BTAB, TERMINAL_BACK_TAB }, { KEY_ENTER, '\r' },
};

static struct terminal_key mouse_key(void)
{
	struct terminal_key k = { TERMINAL_NONE, 0, 0 };
	MEVENT e;

	if (getmouse(&e) != OK)
		return k;
	k.row = e.y;
	k.col = e.x;
	if (e.bstate & BUTTON4_PRESSED)
		k.code = TERMINAL_WHEEL_UP;
	else if (e.bstate & BUTTON5_PRESSED)
		k.code = TERMINAL_WHEEL_DOWN;
	else if (e.bstate & (BUTTON1_PRESSED | BUTTON1_CLICKED | BUTTON1_DOUBLE_CLICKED))
		k.code = TERMINAL_CLICK;
	return k;
}

static struct terminal_key special_key(int c)
{
	struct terminal_key k = { TERMINAL_NONE, 0, 0 };

	if (c == KEY_MOUSE)
		return mouse_key();
	if (c >= KEY_F(1) && c <= KEY_F(12))
		k.code = TERMINAL_F1 + (uint32_t)(c - KEY_F(1));
	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		if (special[i].curses == c)
			k.code = special[i].code;
	return k;
}

struct terminal_key terminal_key(struct terminal *t)
{
	struct terminal_key k = { TERMINAL_NONE, 0, 0 };
	wint_t c = 0;
	int r = t->fd < 0 ? ERR : get_wch(&c);

	if (r == KEY_CODE_YES)
		return special_key((int)c);
	if (r != ERR)
		k.code = c == 0x7f || c == '\b' ? TERMINAL_BACKSPACE : c == '\n' ? '\r' : (uint32_t)c;
	return k;
}

/* ---- size, stopping ---- */

void terminal_size(const struct terminal *t, int *ret_rows, int *ret_cols)
{
	*ret_rows = t->rows;
	*ret_cols = t->cols;
}

void terminal_resized(struct terminal *t)
{
	struct winsize w;

	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) && w.ws_row && w.ws_col)
		resizeterm(w.ws_row, w.ws_col);
	getmaxyx(stdscr, t->rows, t->cols);
	clearok(curscr, TRUE);
}

void terminal_suspend(struct terminal *t)
{
	struct sigaction old, act = { .sa_handler = SIG_DFL };
	sigset_t stop, before;

	def_prog_mode();
	leave_screen(t);
	rescue_screen(0);
	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	sigaction(SIGTSTP, &act, &old);
	raise(SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &stop, &before);
	/* stopped here, until SIGCONT */
	sigprocmask(SIG_SETMASK, &before, NULL);
	sigaction(SIGTSTP, &old, NULL);
	rescue_screen(1);
	reset_prog_mode();
	terminal_resized(t);
}

void terminal_repaint(struct terminal *t)
{
	reset_prog_mode();
	terminal_resized(t);
}

/* ---- drawing ---- */

static void set_look(const struct terminal *t, enum look look)
{
	attr_set(looks[look][t->palette].how, t->palette == PALETTE_NONE ? 0 : (short)look, NULL);
}

void terminal_begin(struct terminal *t)
{
	erase();
	t->cursor_row = -1;
}

void terminal_put(struct terminal *t, int row, int col, enum look look, const char *text)
{
	if (row < 0 || row >= t->rows || col < 0 || col >= t->cols || !*text)
		return;
	set_look(t, look);
	/* what has no room would go on in the next line */
	mvaddnstr(row, col, text, (int)cells_beginning(text, t->cols - col));
	attr_set(A_NORMAL, 0, NULL);
}

void terminal_fill(struct terminal *t, int row, int col, enum look look, int n)
{
	if (row < 0 || row >= t->rows || col < 0 || col >= t->cols)
		return;
	set_look(t, look);
	move(row, col);
	for (int i = 0; i < n && col + i < t->cols; i++)
		addch(' ');
	attr_set(A_NORMAL, 0, NULL);
}

void terminal_cursor(struct terminal *t, int row, int col)
{
	t->cursor_row = row;
	t->cursor_col = col;
}

void terminal_end(struct terminal *t)
{
	int shown = t->cursor_row >= 0 && t->cursor_row < t->rows && t->cursor_col < t->cols;

	if (shown)
		move(t->cursor_row, t->cursor_col);
	curs_set(shown);
	refresh();
}
