/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The context: what a machine is seen through, and the words of its last failure. */
#include "private.h"

#include <errno.h>
#include <string.h>

CGX_API const char *cgx_version(void)
{
	return PACKAGE_VERSION;
}

CGX_API struct cgx *cgx_close(struct cgx *cgx)
{
	if (!cgx)
		return NULL;
	layout_free(cgx);
	fs_close(&cgx->fs);
	buf_free(&cgx->error);
	buf_free(&cgx->remedy);
	buf_free(&cgx->word);
	free(cgx);
	return NULL;
}

CGX_API int cgx_open(const char *root, struct cgx **ret)
{
	struct cgx *cgx = calloc(1, sizeof(*cgx));
	int r;

	if (!cgx)
		return -ENOMEM;
	cgx->fs.fd = -1;
	r = fs_open(root ? root : "/", &cgx->fs);
	if (!r)
		r = layout_discover(cgx);
	if (r) {
		cgx_close(cgx);
		return r;
	}
	*ret = cgx;
	return 0;
}

CGX_API const char *cgx_error(const struct cgx *cgx)
{
	if (cgx->error.err)
		return "out of memory";
	return buf_text(&cgx->error);
}

CGX_API const char *cgx_remedy(const struct cgx *cgx)
{
	return buf_text(&cgx->remedy);
}

void clear_error(struct cgx *cgx)
{
	buf_reset(&cgx->error);
	buf_reset(&cgx->remedy);
}

/* Words go to terminals and logs, and names of groups hold any byte. */
static void keep(struct buf *to, struct buf *words)
{
	buf_reset(to);
	buf_escape(to, buf_text(words), strlen(buf_text(words)));
	if (words->err)
		to->err = words->err;
}

int fail(struct cgx *cgx, int err, const char *object, const char *action, const char *cause_fmt, ...)
{
	AUTO_BUF struct buf b = { 0 };
	va_list ap;

	/* The parts may point into the old words, so the new ones are built aside. */
	if (object && *object)
		buf_printf(&b, "%s: ", object);
	if (action && *action)
		buf_printf(&b, "%s: ", action);
	if (cause_fmt) {
		va_start(ap, cause_fmt);
		buf_vprintf(&b, cause_fmt, ap);
		va_end(ap);
	} else {
		buf_puts(&b, strerror(-err));
	}
	keep(&cgx->error, &b);
	buf_reset(&cgx->remedy);
	if (err == -EMFILE)
		advise(cgx, "raise the limit of open files (ulimit -n)");
	else if (err == -ENFILE)
		advise(cgx, "the machine has no more open files to give: raise fs.file-max, or end programs that have many");
	return err;
}

void advise(struct cgx *cgx, const char *fmt, ...)
{
	AUTO_BUF struct buf b = { 0 };
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	keep(&cgx->remedy, &b);
}

const char *shell_word(struct cgx *cgx, const char *s)
{
	buf_reset(&cgx->word);
	buf_word(&cgx->word, s);
	return cgx->word.err ? s : buf_text(&cgx->word);
}
