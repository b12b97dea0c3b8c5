/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The screen of cgx-top: waits for keys, time, events and signals, and does what they say. */
#include "view.h"

#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "screen.h"
#include "ui/message.h"
#include "util/clock.h"

#define ESCAPE 0x1b
enum { MESSAGE_US = 6000000, WHEEL = 3 };

void say(struct view *v, enum look look, const char *fmt, ...)
{
	struct buf AUTO_BUF b = { 0 };
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	buf_reset(&v->message);
	cells_show(&v->message, buf_text(&b), strlen(buf_text(&b)), v->g->set);
	v->message_look = look;
	v->message_until = now_us() + MESSAGE_US;
}

/* ---- rows ---- */

const struct feed_group *selected_group(const struct view *v)
{
	return v->selected < v->rows.n ? feed_group(v->feed, v->rows.row[v->selected].group) : NULL;
}

void select_row(struct view *v, size_t row)
{
	const struct feed_group *g;
	char *path;

	v->selected = v->rows.n && row >= v->rows.n ? v->rows.n - 1 : row;
	g = selected_group(v);
	if (!g || (v->selected_path && !strcmp(g->path, v->selected_path)))
		return;
	path = strdup(g->path);
	if (!path)
		return;
	free(v->selected_path);
	v->selected_path = path;
	v->detail_old = 1;
	v->detail_top = 0;
}

/* The cursor stays with its group; where that is not shown any more, near its place. */
void remake(struct view *v)
{
	size_t row;

	if (rows_make(&v->rows, v->feed) < 0)
		say(v, LOOK_ALERT, "out of memory: the groups are shown as they were");
	row = v->selected_path ? rows_find(&v->rows, v->feed, v->selected_path) : 0;
	v->detail_old = 1;
	select_row(v, row == SIZE_MAX ? v->selected : row);
}

static void move_by(struct view *v, long by)
{
	long at = (long)v->selected + by, last = (long)v->rows.n - 1;

	select_row(v, (size_t)(at > last ? (last < 0 ? 0 : last) : at < 0 ? 0 : at));
}

static void fold(struct view *v, int folded)
{
	const struct feed_group *g = selected_group(v);
	const struct row *r = g ? &v->rows.row[v->selected] : NULL;

	if (!r || v->rows.flat)
		return;
	if (r->children && r->folded != folded) {
		rows_fold(&v->rows, g->path, folded);
		remake(v);
	} else if (folded && g->parent != SIZE_MAX && r->depth) {
		select_row(v, rows_find(&v->rows, v->feed, feed_group(v->feed, g->parent)->path));
	} else if (!folded && r->children) {
		move_by(v, 1);
	}
}

static void toggle_fold(struct view *v)
{
	const struct row *r = selected_group(v) ? &v->rows.row[v->selected] : NULL;

	if (r && r->children)
		fold(v, !r->folded);
}

/* All but a group that stands leftmost alone, which would leave one line. */
static void toggle_all(struct view *v)
{
	size_t top = SIZE_MAX, tops = 0;

	for (size_t i = 0; i < feed_count(v->feed); i++)
		if (feed_group(v->feed, i)->parent == SIZE_MAX) {
			top = i;
			tops++;
		}
	rows_fold_all(&v->rows, !v->rows.all_folded);
	if (v->rows.all_folded && strcmp(v->rows.root, "/"))
		rows_fold(&v->rows, v->rows.root, 0);
	else if (v->rows.all_folded && tops == 1)
		rows_fold(&v->rows, feed_group(v->feed, top)->path, 0);
	remake(v);
}

static void set_root(struct view *v, const char *path)
{
	snprintf(v->rows.root, sizeof(v->rows.root), "%s", path);
	if (v->rows.all_folded)
		rows_fold(&v->rows, path, 0);
	remake(v);
}

static void root_up(struct view *v)
{
	char *root = v->rows.root;

	/* what lies above the groups that are watched is not shown */
	while (strcmp(root, "/")) {
		char *slash = strrchr(root, '/');

		if (slash)
			*slash = '\0';
		else
			snprintf(root, sizeof(v->rows.root), "/");
		if (feed_find(v->feed, root) != SIZE_MAX)
			break;
	}
	remake(v);
}

/* From the column sorted by to the next one shown; the name stands before the first. */
static void sort_beside(struct view *v, int step)
{
	size_t at = v->rows.sort;

	do {
		if (step < 0 && at == ROWS_BY_NAME)
			return;
		at += (size_t)step;
		if (at == v->columns)
			return;
	} while (at != ROWS_BY_NAME && !(v->shown & COLUMN_BIT(at)));
	v->rows.sort = at;
	v->rows.reverse = 0;
	remake(v);
}

static void find(struct view *v, size_t from, int direction)
{
	size_t at = rows_search(&v->rows, v->feed, v->search, from, direction);

	if (at != SIZE_MAX)
		select_row(v, at);
	else if (*v->search)
		say(v, LOOK_WARN, "%s: no such name is shown", v->search);
}

/* ---- time ---- */

/* The second sample comes after this at the latest. */
#define SECOND_US 250000

/* A replay has no context. */
static const char *why(const struct view *v, int err)
{
	const char *words = v->f->cgx ? cgx_error(v->f->cgx) : "";

	return *words ? words : err == -ENODATA ? "the recording has become shorter meanwhile" : strerror(-err);
}

static void sample(struct view *v)
{
	int r = feed_sample(v->feed);

	if (r < 0) {
		say(v, LOOK_ALERT, "%s", why(v, r));
	} else if (r) {
		v->paused = 1;
		say(v, LOOK_PLAIN, "the end of the recording");
	}
	/* the last one is there to be seen until the next would come */
	if (v->how->count && v->samples++ == v->how->count)
		v->quit = 1;
	remake(v);
}

static void seek(struct view *v, long by)
{
	int r = feed_seek(v->feed, by);

	v->paused = 1;
	if (r < 0)
		say(v, LOOK_ALERT, "%s", why(v, r));
	remake(v);
}

static struct timespec span(uint64_t us)
{
	return (struct timespec){ (time_t)(us / 1000000), (long)(us % 1000000) * 1000 };
}

static void set_timer(int fd, uint64_t first_us, uint64_t delay_us)
{
	timerfd_settime(fd, 0, &(struct itimerspec){ span(delay_us), span(first_us) }, NULL);
}

static void change_delay(struct view *v, int slower)
{
	static const uint64_t steps[] = { 100000, 200000, 500000, 1000000, 2000000, 3000000, 5000000, 10000000,
					  30000000, 60000000 };
	enum { STEPS = sizeof(steps) / sizeof(steps[0]) };
	size_t i = slower ? 0 : STEPS - 1;

	while (slower ? i < STEPS - 1 && steps[i] <= v->delay_us : i > 0 && steps[i] >= v->delay_us)
		i += slower ? 1 : (size_t)-1;
	/* what --delay asked for may lie beyond them */
	if (slower ? steps[i] > v->delay_us : steps[i] < v->delay_us)
		v->delay_us = steps[i];
	say(v, LOOK_PLAIN, "a sample every %s", units_usec(v->delay_us).s);
}

/* ---- changing ---- */

static int refuses(struct view *v)
{
	const char *why = v->replay ? "this is a recording: nothing can be changed in it" :
			  v->how->read_only ? "off: cgx-top was started with --read-only" : NULL;

	if (!selected_group(v) && !why)
		why = "no group is selected";
	if (why)
		say(v, LOOK_WARN, "%s", why);
	return why != NULL;
}

/* Numbers of processes found below another root would mean other processes here. */
static int is_another_machine(const struct view *v)
{
	return v->f->root && strcmp(v->f->root, "/") != 0;
}

static void ask_deed(struct view *v, int r, struct deed *d)
{
	if (r < 0) {
		const char *remedy = cgx_remedy(v->f->cgx);

		say(v, LOOK_ALERT, "%s%s%s", cgx_error(v->f->cgx), *remedy ? "; " : "", remedy);
		v->mode = MODE_MAIN;
		return;
	}
	deed_free(v->deed);
	v->deed = d;
	v->over_top = 0;
	v->mode = MODE_CONFIRM;
}

static void ask_kill(struct view *v)
{
	struct deed *d = NULL;
	int r;

	if (refuses(v))
		return;
	if (is_another_machine(v)) {
		say(v, LOOK_WARN, "processes below --root are not this machine's: nothing to kill");
		return;
	}
	r = deed_kill(v->f->cgx, selected_group(v)->path, &d);
	ask_deed(v, r, d);
}

static void ask_freeze(struct view *v)
{
	struct deed *d = NULL;

	if (!refuses(v)) {
		int r = deed_freeze(v->f->cgx, selected_group(v)->path, selected_group(v)->frozen != 1, &d);

		ask_deed(v, r, d);
	}
}

/* The limit of what is sorted by, to begin with. */
static void ask_limit(struct view *v)
{
	const struct feed_column *c = feed_columns(v->feed, NULL);
	struct buf AUTO_BUF b = { 0 };

	if (refuses(v))
		return;
	if (v->rows.sort < v->columns && c[v->rows.sort].limit)
		buf_printf(&b, "%s=", c[v->rows.sort].limit);
	else
		buf_puts(&b, "memory.max=");
	/* it may go while something is typed, and another be selected */
	free(v->prompt_group);
	v->prompt_group = strdup(selected_group(v)->path);
	if (!v->prompt_group)
		return;
	prompt_begin(&v->prompt, "set NAME=VALUE (Tab: another)", buf_text(&b));
	v->prompt_for = PROMPT_SET;
	v->mode = MODE_PROMPT;
}

static void confirm_key(struct view *v, uint32_t code)
{
	struct buf AUTO_BUF told = { 0 };
	int r;

	if (code == TERMINAL_DOWN)
		v->over_top++;
	if (code == TERMINAL_UP && v->over_top)
		v->over_top--;
	if (code == 'y' || code == 'Y') {
		v->mode = MODE_MAIN;
		say(v, LOOK_WARN, "working ...");
		draw(v);
		r = deed_do(v->deed, &told);
		say(v, r < 0 ? LOOK_ALERT : LOOK_GOOD, "%s", buf_text(&told));
		sample(v);
	} else if (code != 'n' && code != 'N' && code != ESCAPE && code != 'q') {
		return;
	}
	v->deed = deed_free(v->deed);
	v->mode = MODE_MAIN;
}

/* ---- what is typed ---- */

static void ask_text(struct view *v, enum prompt_for what)
{
	const char *text = what == PROMPT_SEARCH ? "" : v->rows.filter;

	snprintf(v->typed_before, sizeof(v->typed_before), "%s", what == PROMPT_SEARCH ? v->search : text);
	prompt_begin(&v->prompt, what == PROMPT_SEARCH ? "search" : "filter", text);
	v->prompt_for = what;
	v->mode = MODE_PROMPT;
}

/* Limits one after the other, the value being kept. */
static void next_limit(struct view *v)
{
	static const char *const names[] = { "memory.max", "memory.high", "memory.swap.max", "pids.max", "cpu.max",
					     "cpu.weight", "io.weight" };
	enum { NAMES = sizeof(names) / sizeof(names[0]) };
	size_t n = strcspn(v->prompt.text, "="), i = 0;
	struct buf AUTO_BUF b = { 0 };

	while (i < NAMES && (strlen(names[i]) != n || strncmp(names[i], v->prompt.text, n) != 0))
		i++;
	buf_printf(&b, "%s=%s", names[i < NAMES ? (i + 1) % NAMES : 0], v->prompt.text[n] ? v->prompt.text + n + 1 : "");
	prompt_begin(&v->prompt, v->prompt.label, buf_text(&b));
}

static void use_text(struct view *v, const char *text)
{
	if (v->prompt_for == PROMPT_FILTER) {
		snprintf(v->rows.filter, sizeof(v->rows.filter), "%s", text);
		remake(v);
	} else if (v->prompt_for == PROMPT_SEARCH) {
		snprintf(v->search, sizeof(v->search), "%s", text);
	}
}

static void ask_set(struct view *v)
{
	struct deed *d = NULL;
	int r = deed_set(v->f->cgx, v->prompt_group, v->prompt.text, &d);

	ask_deed(v, r, d);
}

static void typed_key(struct view *v, uint32_t code)
{
	if (code == '\t' && v->prompt_for == PROMPT_SET) {
		next_limit(v);
		return;
	}
	switch (prompt_key(&v->prompt, code)) {
	case PROMPT_MORE:
		break;
	case PROMPT_CHANGED:
		use_text(v, v->prompt.text);
		if (v->prompt_for == PROMPT_SEARCH)
			find(v, v->selected, 1);
		break;
	case PROMPT_LEFT:
		use_text(v, v->typed_before);
		v->mode = MODE_MAIN;
		break;
	case PROMPT_DONE:
		v->mode = MODE_MAIN;
		if (v->prompt_for == PROMPT_SET)
			ask_set(v);
		break;
	}
}

/* ---- keys ---- */

static void click(struct view *v, const struct terminal_key *k)
{
	size_t column;

	if (v->detail == DETAIL_FULL)
		return;
	if (k->row == v->table.row - 1) {
		column = column_at(v, k->col);
		if (column == NO_COLUMN)
			return;
		v->rows.reverse = column == v->rows.sort && !v->rows.reverse;
		v->rows.sort = column;
		remake(v);
	} else if (k->row >= v->table.row && k->row < v->table.row + v->table.rows &&
		   v->top + (size_t)(k->row - v->table.row) < v->rows.n) {
		select_row(v, v->top + (size_t)(k->row - v->table.row));
	}
}

static void toggle_mouse(struct view *v)
{
	v->mouse = !v->mouse;
	terminal_mouse(v->t, v->mouse);
	say(v, LOOK_PLAIN, v->mouse ? "the mouse selects, scrolls and sorts" : "the mouse is the terminal's own");
}

static void turn_page(struct view *v, int by)
{
	if (v->detail == DETAIL_OFF)
		v->detail = DETAIL_PANE;
	else
		v->page = (enum page)(((int)v->page + PAGES + by) % PAGES);
	v->detail_old = 1;
	v->detail_top = 0;
}

static int page_lines(const struct view *v)
{
	int rows = v->table.rows ? v->table.rows : v->lines - 4; /* as it was before a pane filled the screen */

	return rows > 1 ? rows - 1 : 1;
}

/* Returns 1: it was one of these. */
static int act_on_table(struct view *v, enum action a)
{
	const struct feed_group *g = selected_group(v);

	if (a == ACT_UP || a == ACT_DOWN)
		move_by(v, a == ACT_UP ? -1 : 1);
	else if (a == ACT_PAGE_UP || a == ACT_PAGE_DOWN)
		move_by(v, a == ACT_PAGE_UP ? -page_lines(v) : page_lines(v));
	else if (a == ACT_FIRST)
		select_row(v, 0);
	else if (a == ACT_LAST)
		move_by(v, (long)v->rows.n);
	else if (a == ACT_FOLD || a == ACT_UNFOLD)
		fold(v, a == ACT_FOLD);
	else if (a == ACT_TOGGLE_FOLD)
		toggle_fold(v);
	else if (a == ACT_TOGGLE_ALL)
		toggle_all(v);
	else if (a == ACT_ZOOM && g)
		set_root(v, g->path);
	else if (a == ACT_ROOT_UP)
		root_up(v);
	else if (a == ACT_NEXT)
		find(v, v->selected + 1, 1);
	else if (a == ACT_PREVIOUS)
		find(v, v->selected + v->rows.n - 1, -1);
	else if (a == ACT_SORT_LEFT || a == ACT_SORT_RIGHT)
		sort_beside(v, a == ACT_SORT_LEFT ? -1 : 1);
	else
		return 0;
	return 1;
}

static int act_on_look(struct view *v, enum action a)
{
	if (a == ACT_TREE)
		v->rows.flat = !v->rows.flat;
	else if (a == ACT_HIDE_EMPTY)
		v->rows.hide_empty = !v->rows.hide_empty;
	else if (a == ACT_REVERSE)
		v->rows.reverse = !v->rows.reverse;
	else if (a == ACT_EVENTS)
		v->strip = !v->strip;
	else if (a == ACT_DETAIL)
		v->detail = (enum detail)((v->detail + 1) % (DETAIL_FULL + 1));
	else
		return 0;
	remake(v);
	return 1;
}

static void open_help(struct view *v)
{
	v->mode = MODE_HELP;
	v->over_top = 0;
}

static void act(struct view *v, enum action a)
{
	if (act_on_table(v, a) || act_on_look(v, a))
		return;
	if (a == ACT_SEARCH || a == ACT_FILTER)
		ask_text(v, a == ACT_SEARCH ? PROMPT_SEARCH : PROMPT_FILTER);
	else if (a == ACT_SORT_MENU || a == ACT_COLUMNS)
		menu_open(v, a);
	else if (a == ACT_NEXT_PAGE || a == ACT_PREVIOUS_PAGE)
		turn_page(v, a == ACT_NEXT_PAGE ? 1 : -1);
	else if (a == ACT_SCROLL_UP)
		v->detail_top -= v->detail_top > 0;
	else if (a == ACT_SCROLL_DOWN)
		v->detail_top++;
	else if (a == ACT_PAUSE)
		v->paused = !v->paused;
	else if (a == ACT_SLOWER || a == ACT_FASTER)
		change_delay(v, a == ACT_SLOWER);
	else if (a == ACT_BACK || a == ACT_FORWARD)
		seek(v, a == ACT_BACK ? -1 : 1);
	else if (a == ACT_BEGINNING || a == ACT_END)
		seek(v, a == ACT_BEGINNING ? LONG_MIN : LONG_MAX);
	else if (a == ACT_KILL)
		ask_kill(v);
	else if (a == ACT_FREEZE)
		ask_freeze(v);
	else if (a == ACT_LIMIT)
		ask_limit(v);
	else if (a == ACT_MOUSE)
		toggle_mouse(v);
	else if (a == ACT_REPAINT)
		terminal_repaint(v->t);
	else if (a == ACT_HELP)
		open_help(v);
	else if (a == ACT_QUIT)
		v->quit = 1;
	if (a == ACT_STEP) {
		v->paused = 1;
		sample(v);
	}
}

static void help_key(struct view *v, uint32_t code)
{
	enum action a = keys_find(code, v->replay);
	size_t page = v->lines > 3 ? (size_t)v->lines - 3 : 1;

	if (a == ACT_DOWN || code == TERMINAL_WHEEL_DOWN)
		v->over_top++;
	else if (a == ACT_UP || code == TERMINAL_WHEEL_UP)
		v->over_top -= v->over_top > 0;
	else if (a == ACT_PAGE_DOWN || code == ' ')
		v->over_top += page;
	else if (a == ACT_PAGE_UP)
		v->over_top = v->over_top > page ? v->over_top - page : 0;
	else if (code != TERMINAL_CLICK)
		v->mode = MODE_MAIN;
}

static void key(struct view *v, const struct terminal_key *k)
{
	switch (v->mode) {
	case MODE_HELP:
		help_key(v, k->code);
		return;
	case MODE_MENU:
		menu_key(v, k->code);
		return;
	case MODE_PROMPT:
		typed_key(v, k->code);
		return;
	case MODE_CONFIRM:
		confirm_key(v, k->code);
		return;
	case MODE_MAIN:
		break;
	}
	if (k->code == TERMINAL_CLICK)
		click(v, k);
	else if (k->code == TERMINAL_WHEEL_UP || k->code == TERMINAL_WHEEL_DOWN)
		move_by(v, k->code == TERMINAL_WHEEL_UP ? -WHEEL : WHEEL);
	else
		act(v, keys_find(k->code, v->replay));
}

/* ---- signals ---- */

static const int ends[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT };

/* Those that end programs, but for the ones that the caller had ignored (nohup), and those of the terminal. */
static int catch_signals(sigset_t *before)
{
	struct sigaction was;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	sigaddset(&set, SIGTSTP);
	sigaddset(&set, SIGCONT);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (!sigaction(ends[i], NULL, &was) && was.sa_handler != SIG_IGN)
			sigaddset(&set, ends[i]);
	sigprocmask(SIG_BLOCK, &set, before);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Returns the signal that ends the program, 0 none. */
static int take_signals(struct view *v, int fd)
{
	struct signalfd_siginfo s;
	int end = 0;

	while (read(fd, &s, sizeof(s)) == (ssize_t)sizeof(s)) {
		if (s.ssi_signo == SIGWINCH)
			terminal_resized(v->t);
		else if (s.ssi_signo == SIGTSTP)
			terminal_suspend(v->t);
		else if (s.ssi_signo == SIGCONT)
			terminal_repaint(v->t);
		else
			end = (int)s.ssi_signo;
		v->detail_old = 1;
	}
	return end;
}

/* ---- the loop ---- */

enum { AT_SIGNAL, AT_TIMER, AT_KEYS, AT_EVENTS, AT_OUTPUT, PLACES };

static void take_keys(struct view *v, short revents)
{
	struct terminal_key k = { .code = 1 };

	while (!v->quit && k.code != TERMINAL_NONE) {
		k = terminal_key(v->t);
		if (k.code != TERMINAL_NONE)
			key(v, &k);
	}
	if (revents & (POLLHUP | POLLERR | POLLNVAL))
		terminal_hung_up(v->t);
}

static void take_time(struct view *v, int fd)
{
	uint64_t n;

	if (read(fd, &n, sizeof(n)) == (ssize_t)sizeof(n) && !v->paused && v->mode != MODE_CONFIRM)
		sample(v);
}

/* Returns the signal that ended it, 0 the user did. */
static int loop(struct view *v, int signals, int timer)
{
	uint64_t delay = v->delay_us;
	int end = 0;

	/* rates, and what is read because the first frame asked for it, should not be waited for */
	set_timer(timer, v->replay || delay < SECOND_US ? delay : SECOND_US, delay);
	while (!v->quit && !end) {
		struct pollfd p[PLACES] = {
			[AT_SIGNAL] = { signals, POLLIN, 0 },
			[AT_TIMER] = { timer, POLLIN, 0 },
			[AT_KEYS] = { terminal_fd(v->t), POLLIN, 0 },
			[AT_EVENTS] = { feed_fd(v->feed), POLLIN, 0 },
			[AT_OUTPUT] = { STDOUT_FILENO, 0, 0 },
		};

		draw(v);
		if (poll(p, PLACES, -1) < 0 && errno != EINTR)
			break;
		if (p[AT_SIGNAL].revents)
			end = take_signals(v, signals);
		/* the terminal is gone, and whoever ignores SIGHUP would draw for nobody from here on */
		if (!end && p[AT_OUTPUT].revents)
			end = SIGHUP;
		if (p[AT_EVENTS].revents && feed_wake(v->feed))
			v->detail_old = 1;
		if (p[AT_TIMER].revents)
			take_time(v, timer);
		if (p[AT_KEYS].revents)
			take_keys(v, p[AT_KEYS].revents);
		if (delay != v->delay_us)
			set_timer(timer, v->delay_us, v->delay_us);
		delay = v->delay_us;
	}
	return end;
}

static int begin(struct view *v)
{
	const struct view_how *how = v->how;
	int utf8, r;

	setlocale(LC_ALL, "");
	setlocale(LC_NUMERIC, "C");
	utf8 = text_locale() == TEXT_UTF8;
	v->g = utf8 && !how->ascii ? &glyphs_utf8 : &glyphs_ascii;
	rows_begin(&v->rows);
	v->rows.flat = how->flat;
	v->strip = 1;
	v->mouse = !how->no_mouse;
	v->delay_us = how->delay_us ? how->delay_us : 1000000;
	feed_columns(v->feed, &v->columns);
	v->shown = how->choice.shown;
	v->rows.sort = how->choice.sort;
	v->rows.reverse = how->choice.reverse;
	/* nothing is drawn before there is something to draw */
	r = feed_sample(v->feed);
	if (r < 0)
		return r;
	if (how->filter)
		snprintf(v->rows.filter, sizeof(v->rows.filter), "%s", how->filter);
	sample(v);
	return 0;
}

static void end(struct view *v)
{
	v->t = terminal_close(v->t);
	deed_free(v->deed);
	procs_free(&v->procs);
	sheet_free(&v->detail_sheet);
	rows_free(&v->rows);
	buf_free(&v->message);
	free(v->selected_path);
	free(v->prompt_group);
}

int view_check(void)
{
	return terminal_check();
}

int view_run(struct frame *f, struct feed *feed, const struct view_how *how)
{
	struct view v = { .f = f, .feed = feed, .how = how };
	struct terminal_how terminal = { !how->no_colour && colour_wanted(STDOUT_FILENO), !how->no_mouse };
	AUTO_CLOSE int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	AUTO_CLOSE int signals = -1;
	sigset_t before;
	int r = timer < 0 ? -errno : begin(&v), signo = 0;

	/* none may come between the size that ncurses finds and the first look at signals */
	if (!r) {
		signals = catch_signals(&before);
		r = signals < 0 ? -errno : terminal_open(&terminal, &v.t);
	}
	if (!r)
		signo = loop(&v, signals, timer);
	end(&v);
	if (signals >= 0)
		sigprocmask(SIG_SETMASK, &before, NULL);
	/* without the handler of ncurses, which makes an exit of it */
	if (signo) {
		signal(signo, SIG_DFL);
		raise(signo);
	}
	return r;
}
