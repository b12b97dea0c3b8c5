/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A line of a kernel log: what stands before its text. */
#include "log_line.h"

#include <errno.h>
#include <string.h>

/* ---- /dev/kmsg ---- */

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The kernel writes bytes below 0x20, from 0x7f on and the backslash as \xHH. */
void log_decode(struct buf *b, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '\\' && i + 3 < len && s[i + 1] == 'x' && hex(s[i + 2]) >= 0 && hex(s[i + 3]) >= 0) {
			char c = (char)(hex(s[i + 2]) << 4 | hex(s[i + 3]));

			buf_putc(b, c ? c : '?');
			i += 3;
		} else {
			buf_putc(b, s[i] ? s[i] : '?');
		}
	}
}

int log_parse_header(const char **s, struct log_header *h)
{
	const char *p = *s;

	if (num_scan(&p, &h->prio) || *p++ != ',' || num_scan(&p, &h->seq) || *p++ != ',' || num_scan(&p, &h->usec) ||
	    *p++ != ',')
		return -EBADMSG;
	h->continues = *p == 'c';
	p = strchr(p, ';');
	if (!p)
		return -EBADMSG;
	*s = p + 1;
	return 0;
}

/* ---- forms for people ---- */

static int is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/*
 * A pattern: 9 a digit, _ a digit or a blank, A a letter; anything else stands for itself. The length that matches, 0
 * none.
 */
static size_t matches(const char *s, const char *pattern)
{
	size_t i = 0;

	for (; pattern[i]; i++) {
		char p = pattern[i], c = s[i];
		int letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (p == '9' ? !is_digit(c) : p == '_' ? !is_digit(c) && c != ' ' : p == 'A' ? !letter : c != p)
			return 0;
	}
	return i;
}

/* "12345.678901" as microseconds; moves *s behind it. */
static int seconds(const char **s, uint64_t *ret)
{
	const char *p = *s, *dot;
	uint64_t whole, part;

	if (num_scan(&p, &whole) || *p != '.' || whole > UINT64_MAX / 2000000)
		return -EINVAL;
	dot = ++p;
	if (num_scan(&p, &part) || p - dot != 6)
		return -EINVAL;
	*ret = whole * 1000000 + part;
	*s = p;
	return 0;
}

static void take_time(struct log_line *l, const char *s, size_t len)
{
	if (l->time_len)
		return; /* the outer one is for people */
	l->time = s;
	l->time_len = len;
}

/* "[   12.345678]", dmesg -d "[   12.345678 <    0.000012>]", -T "[Thu Dec  7 00:05:14 2017]", -H "[Dec 7 00:05]". */
static int bracket_time(const char **s, struct log_line *l)
{
	const char *p = *s, *begin, *close;
	uint64_t usec;
	size_t n;

	if (*p++ != '[')
		return 0;
	p += strspn(p, " ");
	begin = p;
	close = strchr(p, ']');
	if (!close)
		return 0;
	if (!seconds(&p, &usec) && (p == close || (*p == ' ' && memchr(p, '<', (size_t)(close - p))))) {
		l->h.usec = usec;
		l->has_usec = 1;
		take_time(l, begin, (size_t)(p - begin));
	} else {
		n = matches(begin, "AAA AAA _9 99:99:99 9999");
		if (!n)
			n = matches(begin, "AAA_9 99:99");
		if (!n && *begin == '+') /* dmesg -H, since the line before */
			n = (size_t)(close - begin);
		if (!n || begin + n != close)
			return 0;
		take_time(l, begin, n);
	}
	*s = close + 1 + (close[1] == ' ');
	return 1;
}

/* CONFIG_PRINTK_CALLER: "[    T123] " or "[    C0] " */
static void skip_caller(const char **s)
{
	const char *p = *s;
	uint64_t n;

	if (*p++ != '[')
		return;
	p += strspn(p, " ");
	if ((*p != 'T' && *p != 'C') || (p++, num_scan(&p, &n)) || *p != ']')
		return;
	*s = p + 1 + (p[1] == ' ');
}

/* dmesg -x: "kern  :warn  : " */
static int facility(const char **s, struct log_line *l)
{
	static const char names[] = "kern,user,mail,daemon,auth,syslog,lpr,news,uucp,cron,authpriv,ftp,local0,local1,local2,"
				    "local3,local4,local5,local6,local7";
	static const char levels[] = "emerg,alert,crit,err,warn,notice,info,debug";
	const char *p = *s, *colon = strchr(p, ':'), *end = colon ? strstr(colon + 1, ": ") : NULL;
	char name[9] = "", level[9] = "";

	if (!end || colon - p > 8 || colon - p < 3 || end - colon > 8)
		return 0;
	memcpy(name, p, (size_t)(colon - p));
	memcpy(level, colon + 1, (size_t)(end - colon - 1));
	name[strcspn(name, " ")] = '\0';
	level[strcspn(level, " ")] = '\0';
	if (!text_list_has(names, ',', name) || !text_list_has(levels, ',', level))
		return 0;
	if (strcmp(name, "kern"))
		l->form = LOG_FOREIGN;
	*s = end + 2;
	return 1;
}

/* dmesg -r: "<6>" */
static int priority(const char **s, struct log_line *l)
{
	const char *p = *s;
	uint64_t prio;

	if (*p++ != '<' || num_scan(&p, &prio) || *p != '>' || prio > 191)
		return 0;
	if (prio >> 3)
		l->form = LOG_FOREIGN;
	*s = p + 1;
	return 1;
}

/* What follows the whole seconds: ".123456", "+01:00", "Z". */
static size_t rest_of_time(const char *s)
{
	size_t n = strspn(s, "0123456789.,:+-Z");

	return s[n] == ' ' ? n : 0;
}

/* The time of syslog and of journalctl, 0 none. Sets *dmesg where it is that of dmesg --time-format=iso: no host. */
static size_t outer_time(const char *s, int *dmesg)
{
	size_t n = matches(s, "AAA AAA _9 99:99:99 9999"); /* OpenWrt's logread */
	const char *p = s;
	uint64_t usec;

	if (n)
		return n;
	if ((n = matches(s, "AAA _9 99:99:99")))
		return n + rest_of_time(s + n);
	if ((n = matches(s, "9999-99-99T99:99:99"))) {
		*dmesg = s[n] == ',';
		return n + rest_of_time(s + n);
	}
	if ((n = matches(s, "AAA 9999-99-99 99:99:99"))) { /* and the zone */
		n += rest_of_time(s + n);
		return n + 1 + strcspn(s + n + 1, " ");
	}
	return is_digit(*s) && !seconds(&p, &usec) ? (size_t)(p - s) : 0;
}

/* "HOST kernel: " or "HOST kern.warn kernel: "; with a host that must be there. NULL it is another program's. */
static const char *behind_tag(const char *s)
{
	static const char tag[] = "kernel:";

	for (int words = 0; words < 3; words++) {
		size_t n = strcspn(s, " ");

		if (n == sizeof(tag) - 1 && !memcmp(s, tag, n))
			return s + n + (s[n] == ' ');
		if (!s[n] || !n || (words == 1 && strncmp(s, "kern.", 5)))
			return NULL;
		s += n + 1;
	}
	return NULL;
}

/* 1 the line had the prefix of syslog or the journal. */
static int outer(const char **s, struct log_line *l)
{
	int dmesg = 0;
	size_t n = outer_time(*s, &dmesg);
	const char *tag;

	if (!n || (*s)[n] != ' ')
		return 0;
	take_time(l, *s, n);
	if (dmesg) {
		*s += n + 1;
		return 1;
	}
	tag = behind_tag(*s + n + 1);
	if (tag)
		*s = tag;
	else
		l->form = LOG_FOREIGN;
	return 1;
}

/* journalctl -o short-monotonic has host and tag behind a time as dmesg writes it. */
static void skip_host(const char **s)
{
	const char *blank = strchr(*s, ' ');

	if (blank && blank > *s && !strncmp(blank, " kernel: ", 9))
		*s = blank + 9;
}

void log_parse_line(const char *s, struct log_line *ret)
{
	struct log_line l = { .form = LOG_BARE, .text = s };
	const char *p = s;
	int prefix;

	if (!log_parse_header(&p, &l.h)) {
		l.form = l.h.prio >> 3 ? LOG_FOREIGN : LOG_RAW;
		l.has_usec = 1;
		l.text = p;
		*ret = l;
		return;
	}
	l.h = (struct log_header){ 0 };
	prefix = facility(&p, &l) || priority(&p, &l);
	if (outer(&p, &l))
		prefix = 1;
	else if (!strncmp(p, "kernel: ", 8))
		prefix = 1, p += 8;
	if (bracket_time(&p, &l)) {
		prefix = 1;
		skip_caller(&p);
		skip_host(&p);
	}
	if (prefix && l.form == LOG_BARE)
		l.form = LOG_PREFIX;
	l.text = p;
	*ret = l;
}
