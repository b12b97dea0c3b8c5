/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * datagram serve PORT WORD - answer each datagram with a word.
 * datagram serve-at ADDRESS PORT WORD - of this address of IPv6 alone.
 * datagram ask ADDRESS PORT [TIMES] - send one, again each half second; print the answer; 1 after so many without, or 10.
 * datagram until ADDRESS PORT WORD - ask from one socket, on and on, until this is the answer; 1 after ten seconds without.
 * datagram many ADDRESS PORT TIMES - ask from so many sockets; after a line of standard input again; print how many are
 * answered then.
 * datagram ping ADDRESS - an echo request as an ordinary user may send it (icmp(7), ping_group_range); 1 without an answer.
 * An ADDRESS may be one of IPv6, with %LINK where it is of a link alone.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static int serve(const char *address, const char *port, const char *word)
{
	struct sockaddr_in6 at = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)atoi(port)) }; /* and IPv4's */
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = at.sin6_port };
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);

	if (address && inet_pton(AF_INET6, address, &at.sin6_addr) != 1)
		return 2;
	if (fd < 0) { /* a kernel without */
		fd = socket(AF_INET, SOCK_DGRAM, 0);
		memcpy(&at, &four, sizeof(four));
	}
	if (fd < 0 || bind(fd, (void *)&at, sizeof(at)) < 0) {
		perror("datagram: serve");
		return 2;
	}
	for (;;) {
		char text[64];
		socklen_t size = sizeof(at);

		if (recvfrom(fd, text, sizeof(text), 0, (void *)&at, &size) >= 0)
			sendto(fd, word, strlen(word), 0, (void *)&at, size);
	}
}

/* A socket to there, whose answers come within a fifth of a second or not at all. */
static int reach(const char *address, const char *port)
{
	static const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_DGRAM };
	struct timeval fifth = { .tv_usec = 200000 };
	struct addrinfo *at;
	int fd;

	if (getaddrinfo(address, port, &hints, &at))
		return -1;
	fd = socket(at->ai_family, SOCK_DGRAM, 0);
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &fifth, sizeof(fifth));
	if (fd >= 0 && connect(fd, at->ai_addr, at->ai_addrlen) < 0) {
		close(fd);
		fd = -1;
	}
	freeaddrinfo(at);
	return fd;
}

/* What is refused is told by the next call, so each is made twice. */
static ssize_t exchange(int fd, char *answer, size_t size)
{
	if (send(fd, "ask", 3, 0) < 0 && send(fd, "ask", 3, 0) < 0)
		return -1;
	return recv(fd, answer, size, 0);
}

static int until(const char *address, const char *port, const char *word)
{
	int fd = reach(address, port);
	char answer[256];

	for (int i = 0; fd >= 0 && i < 50; i++) {
		ssize_t n = exchange(fd, answer, sizeof(answer));

		if (n == (ssize_t)strlen(word) && !memcmp(answer, word, (size_t)n))
			return 0;
		if (n >= 0 || errno == ECONNREFUSED)
			usleep(200000);
	}
	return 1;
}

static int many(const char *address, const char *port, int times)
{
	struct rlimit files = { (rlim_t)times + 16, (rlim_t)times + 16 };
	int *fd = calloc((size_t)times, sizeof(*fd)), answered = 0, missed = 0;
	char answer[256];

	if (!fd || setrlimit(RLIMIT_NOFILE, &files) < 0)
		return 2;
	for (int i = 0; i < times; i++) {
		fd[i] = reach(address, port);
		if (fd[i] < 0 || send(fd[i], "ask", 3, 0) < 0)
			return 2;
	}
	if (!fgets(answer, sizeof(answer), stdin))
		return 2;
	for (int i = 0; i < times && missed < 5; i++) {
		int tries = 0;

		while (tries < 5 && exchange(fd[i], answer, sizeof(answer)) <= 0)
			tries++;
		answered += tries < 5;
		missed += tries == 5;
	}
	printf("%d\n", answered);
	return 0;
}

static int ask(int pings, const char *address, const char *port, const void *text, size_t len, int times)
{
	static const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_DGRAM };
	struct timeval half = { .tv_usec = 500000 };
	struct addrinfo *at;
	char answer[256];
	int fd;

	if (getaddrinfo(address, port, &hints, &at)) {
		fprintf(stderr, "datagram: %s: not an address\n", address);
		return 2;
	}
	fd = socket(at->ai_family, SOCK_DGRAM, !pings ? 0 : at->ai_family == AF_INET6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
	if (fd < 0 || connect(fd, at->ai_addr, at->ai_addrlen) < 0) {
		perror("datagram: ask");
		return 2;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &half, sizeof(half));
	for (int i = 0; i < times; i++) {
		ssize_t n = send(fd, text, len, 0) < 0 ? -1 : recv(fd, answer, sizeof(answer), 0);

		if (n < 0 && errno == ECONNREFUSED)
			usleep(500000); /* as long as without an answer */
		if (n < 0 && (errno == EAGAIN || errno == ECONNREFUSED))
			continue;
		if (n < 0)
			return 1;
		if (!pings)
			printf("%.*s\n", (int)n, answer);
		return 0;
	}
	return 1;
}

int main(int argc, char **argv)
{
	unsigned char echo[64] = { 8 }; /* the kernel fills in the rest */

	if (argc == 4 && !strcmp(argv[1], "serve"))
		return serve(NULL, argv[2], argv[3]);
	if (argc == 5 && !strcmp(argv[1], "serve-at"))
		return serve(argv[2], argv[3], argv[4]);
	if (argc == 5 && !strcmp(argv[1], "until"))
		return until(argv[2], argv[3], argv[4]);
	if (argc == 5 && !strcmp(argv[1], "many"))
		return many(argv[2], argv[3], atoi(argv[4]));
	if (argc >= 4 && !strcmp(argv[1], "ask"))
		return ask(0, argv[2], argv[3], "ask", 3, argc > 4 ? atoi(argv[4]) : 10);
	if (argc == 3 && strchr(argv[2], ':'))
		echo[0] = 128;
	if (argc == 3 && !strcmp(argv[1], "ping"))
		return ask(1, argv[2], "0", echo, sizeof(echo), 10);
	return 2;
}
