/* One request with a deadline; blocking, because there is nothing else to do meanwhile. */
#include "app/health.h"

#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { WAIT_SECONDS = 3, PORT_SIZE = 8, ANSWER_BYTES = 64 };

static const char question[] = "GET /health/ready HTTP/1.1\r\nHost: leadd\r\nConnection: close\r\n\r\n";
static const char good[] = "HTTP/1.1 200 ";

/* An address to listen on may stand for all; one to talk to cannot. */
static const char *reachable(const char *host)
{
	if (strcmp(host, "0.0.0.0") == 0)
		return "127.0.0.1";
	return strcmp(host, "::") == 0 ? "::1" : host;
}

static int open_socket(const struct config *config)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found;
	struct timeval wait = { .tv_sec = WAIT_SECONDS };
	char port[PORT_SIZE];
	int fd;

	snprintf(port, sizeof(port), "%d", (int)config->port);
	if (getaddrinfo(reachable(config->host), port, &hints, &found) != 0) {
		errno = EADDRNOTAVAIL;
		return -1;
	}
	fd = socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC, 0);
	if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) != 0 ||
			setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) != 0 ||
			connect(fd, found->ai_addr, found->ai_addrlen) != 0)) {
		close(fd);
		fd = -1;
	}
	freeaddrinfo(found);
	return fd;
}

enum exit_code health_ask(const struct config *config)
{
	char answer[ANSWER_BYTES] = "";
	const char *why = "no answer";
	int fd = open_socket(config);

	if (fd < 0)
		why = strerror(errno);
	/* An answer is never shorter than what is asked for, and its status line never longer. */
	else if (send(fd, question, sizeof(question) - 1, MSG_NOSIGNAL) > 0 &&
		 recv(fd, answer, sizeof(answer) - 1, MSG_WAITALL) > 0)
		why = answer;
	if (fd >= 0)
		close(fd);
	if (strncmp(answer, good, sizeof(good) - 1) == 0)
		return EXIT_ASKED;
	answer[strcspn(answer, "\r\n")] = '\0';
	fprintf(stderr, "leadd: not ready on %s, port %" PRId64 ": %s\n", config->host, config->port, why);
	return EXIT_WRONG;
}
