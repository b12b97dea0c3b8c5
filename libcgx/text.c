/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parsers of the kernel's text formats, on memory. */
#include "private.h"

#include <errno.h>
#include <string.h>

int text_line(const char **s, const char **ret_line, size_t *ret_len)
{
	const char *p = *s;
	size_t len;

	if (!*p)
		return 0;
	len = strcspn(p, "\n");
	*ret_line = p;
	*ret_len = len;
	*s = p + len + (p[len] == '\n');
	return 1;
}

static int is_blank(char c)
{
	return c == ' ' || c == '\t';
}

int text_word(const char **s, size_t *len, const char **ret_word, size_t *ret_len)
{
	const char *p = *s, *end = p + *len;

	while (p < end && is_blank(*p))
		p++;
	*ret_word = p;
	while (p < end && !is_blank(*p))
		p++;
	*ret_len = (size_t)(p - *ret_word);
	*len = (size_t)(end - p);
	*s = p;
	return *ret_len > 0;
}

int text_flat(const char *s, const char *key, const char **ret, size_t *ret_len)
{
	size_t n = strlen(key), len;
	const char *line;

	while (n && text_line(&s, &line, &len))
		if (len > n && !memcmp(line, key, n) && is_blank(line[n])) {
			*ret = line + n + 1;
			*ret_len = len - n - 1;
			return 0;
		}
	return -ENOKEY;
}

int text_flat_u64(const char *s, const char *key, uint64_t *ret)
{
	const char *value;
	size_t len;
	uint64_t n;

	if (text_flat(s, key, &value, &len))
		return -ENOKEY;
	if (num_scan(&value, &n) || (*value && *value != '\n'))
		return -EBADMSG;
	*ret = n;
	return 0;
}

/* The line begins with KEY, which is left behind; without a key: with a SUB=VALUE. */
static int has_key(const char **line, size_t *len, const char *key)
{
	const char *word, *at = *line;
	size_t left = *len, n;

	if (!text_word(&at, &left, &word, &n))
		return 0;
	if (!*key)
		return memchr(word, '=', n) != NULL;
	*line = at;
	*len = left;
	return n == strlen(key) && !memcmp(word, key, n);
}

int text_nested(const char *s, const char *key, const char *sub, const char **ret, size_t *ret_len)
{
	size_t slen = strlen(sub), len, n;
	const char *line, *word;

	while (text_line(&s, &line, &len)) {
		if (!has_key(&line, &len, key))
			continue;
		while (text_word(&line, &len, &word, &n))
			if (n > slen && word[slen] == '=' && !memcmp(word, sub, slen)) {
				*ret = word + slen + 1;
				*ret_len = n - slen - 1;
				return 0;
			}
	}
	return -ENOKEY;
}

int text_list_has(const char *list, char sep, const char *word)
{
	size_t n = strlen(word);

	while (n && *list) {
		const char *end = strchr(list, sep);
		size_t len = end ? (size_t)(end - list) : strlen(list);

		if (len == n && !memcmp(list, word, n))
			return 1;
		list += len + (end != NULL);
	}
	return 0;
}

int text_list_check(const char *s, uint64_t *ret_members)
{
	uint64_t members = 0;

	while (*s) {
		uint64_t from, to;

		if (num_scan(&s, &from) || from > UINT32_MAX)
			return -EINVAL;
		to = from;
		if (*s == '-' && (s++, num_scan(&s, &to) || to < from || to > UINT32_MAX))
			return -EINVAL;
		if (*s == ',' && s[1])
			s++;
		else if (*s)
			return -EINVAL;
		members += to - from + 1;
	}
	if (ret_members)
		*ret_members = members;
	return 0;
}
