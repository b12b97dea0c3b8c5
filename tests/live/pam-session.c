/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pam-session CONFDIR SERVICE USER COMMAND [ARGUMENT...] - open a PAM session as login does, run the command in it, close it.
 * Exits with the command's status, 90 when the session was refused.
 */
#include <security/pam_appl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static int no_talk(int n, const struct pam_message **m, struct pam_response **r, void *data)
{
	(void)n, (void)m, (void)r, (void)data;
	return PAM_CONV_ERR;
}

int main(int argc, char **argv)
{
	const struct pam_conv talk = { no_talk, NULL };
	pam_handle_t *pamh;
	int status = 0, r;
	pid_t pid;

	if (argc < 5) {
		fprintf(stderr, "usage: pam-session CONFDIR SERVICE USER COMMAND...\n");
		return 2;
	}
	if (pam_start_confdir(argv[2], argv[3], &talk, argv[1], &pamh) != PAM_SUCCESS)
		return 91;
	r = pam_open_session(pamh, 0);
	if (r != PAM_SUCCESS) {
		fprintf(stderr, "pam-session: %s\n", pam_strerror(pamh, r));
		pam_end(pamh, r);
		return 90;
	}
	pid = fork();
	if (!pid) {
		execvp(argv[4], argv + 4);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	r = pam_close_session(pamh, 0);
	pam_end(pamh, r);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
