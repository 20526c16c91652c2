/* The listening socket, with options that accepted ones inherit. */
#include "base/log.h"
#include "http/internal.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	BACKLOG = 1024,
	KEEPALIVE_IDLE_S = 15,
	KEEPALIVE_INTERVAL_S = 5,
	KEEPALIVE_PROBES = 3,
	UNACKNOWLEDGED_MS = 10000 /* then the peer is gone */
};

/* Accepted sockets inherit these on Linux. Without them a peer that vanished stays for ever. */
static void set_socket_options(int descriptor)
{
	static const struct {
		int level, option, value;
	} options[] = {
		{ IPPROTO_TCP, TCP_NODELAY, 1 },
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S },
		{ IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S },
		{ IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES },
		{ IPPROTO_TCP, TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS },
	};

	for (size_t i = 0; i < COUNT_OF(options); i++)
		if (setsockopt(descriptor, options[i].level, options[i].option, &options[i].value,
			       sizeof(options[i].value)) < 0)
			log_warn("http.socket_option", "option=%d errno=%d", options[i].option, errno);
}

/* A listening socket for one of the host's addresses, or -1 with errno. */
static int listen_on(const struct addrinfo *address)
{
	int descriptor = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), kept_errno;

	if (descriptor < 0)
		return -1;
	setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
	set_socket_options(descriptor);
	if (bind(descriptor, address->ai_addr, address->ai_addrlen) == 0 && listen(descriptor, BACKLOG) == 0)
		return descriptor;
	kept_errno = errno;
	close(descriptor);
	errno = kept_errno;
	return -1;
}

int socket_listen(const char *host, int port, const char **why_out)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE };
	struct addrinfo *addresses = NULL;
	static char why[300];
	int descriptor = -1, error;
	char service[12];

	snprintf(service, sizeof(service), "%d", port);
	error = getaddrinfo(host, service, &hints, &addresses);
	for (struct addrinfo *at = addresses; at && descriptor < 0; at = at->ai_next)
		descriptor = listen_on(at);
	if (descriptor < 0) {
		snprintf(why, sizeof(why), "%s:%d: %s", host, port, error ? gai_strerror(error) : strerror(errno));
		*why_out = why;
	}
	if (addresses)
		freeaddrinfo(addresses);
	return descriptor;
}

int socket_port(int descriptor)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} address = { .v6 = { 0 } };
	socklen_t length = sizeof(address);

	if (getsockname(descriptor, &address.any, &length) < 0)
		return 0;
	return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}
