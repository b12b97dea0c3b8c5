# SPDX-License-Identifier: LGPL-2.1-or-later
# CGX_CHECK_CFLAGS(VARIABLE, FLAGS): append each flag that the compiler takes without a word.
AC_DEFUN([CGX_CHECK_CFLAGS], [
	for cgx_flag in m4_normalize([$2]); do
		AC_MSG_CHECKING([whether $CC takes $cgx_flag])
		cgx_saved_CFLAGS=$CFLAGS
		CFLAGS="$CFLAGS -Werror $cgx_flag"
		AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
			[AC_MSG_RESULT([yes]); $1="$$1 $cgx_flag"],
			[AC_MSG_RESULT([no])])
		CFLAGS=$cgx_saved_CFLAGS
	done
])
