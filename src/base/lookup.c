/* Names looked up on the loop, by libevent's resolver. */
#include "base/internal.h"
#include "base/mem.h"

#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>
#include <netdb.h>

enum { ADDRESSES_MAX = 16 };

struct lookup {
	struct loop *loop;
	struct evdns_getaddrinfo_request *request;
	struct deferred found; /* evdns may answer before it returns; our promise is never to */
	char addresses[ADDRESSES_MAX][LOOP_ADDRESS_MAX];
	size_t count;
	void (*on_found)(void *context, const char (*addresses)[LOOP_ADDRESS_MAX], size_t count);
	void *context;
	bool cancelled;
};

static void lookup_end(void *context)
{
	struct lookup *lookup = context;

	if (!lookup->cancelled)
		lookup->on_found(lookup->context, (const char(*)[LOOP_ADDRESS_MAX])lookup->addresses, lookup->count);
	mem_free(lookup);
}

static void on_addresses(int error, struct evutil_addrinfo *results, void *context)
{
	struct lookup *lookup = context;

	for (struct evutil_addrinfo *at = results; !error && at && lookup->count < ADDRESSES_MAX; at = at->ai_next)
		if (getnameinfo(at->ai_addr, (socklen_t)at->ai_addrlen, lookup->addresses[lookup->count],
				LOOP_ADDRESS_MAX, NULL, 0, NI_NUMERICHOST) == 0)
			lookup->count++;
	if (results)
		evutil_freeaddrinfo(results);
	lookup->request = NULL;
	lookup->loop->lookups--;
	loop_defer(lookup->loop, &lookup->found);
}

/* evdns reads resolv.conf and hosts only when it is made, and they change: so it is made for each lookup, or some. */
static struct evdns_base *resolver_of(struct loop *loop)
{
	if (loop->dns && loop->lookups == 0) {
		evdns_base_free(loop->dns, 0);
		loop->dns = NULL;
	}
	if (!loop->dns)
		loop->dns = evdns_base_new(loop->base,
					   EVDNS_BASE_INITIALIZE_NAMESERVERS | EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	return loop->dns;
}

struct lookup *loop_lookup(struct loop *loop, const char *host,
			   void (*on_found)(void *context, const char (*addresses)[LOOP_ADDRESS_MAX], size_t count),
			   void *context)
{
	struct lookup *lookup = mem_alloc(1, sizeof(*lookup));
	struct evutil_addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	struct evdns_base *dns;

	*lookup = (struct lookup){ .loop = loop, .on_found = on_found, .context = context };
	deferred_init(&lookup->found, lookup_end, lookup);
	dns = resolver_of(loop);
	if (!dns) {
		loop_defer(loop, &lookup->found);
		return lookup;
	}
	loop->lookups++;
	lookup->request = evdns_getaddrinfo(dns, host, NULL, &hints, on_addresses, lookup);
	return lookup;
}

void lookup_cancel(struct lookup **lookup)
{
	if (!*lookup)
		return;
	(*lookup)->cancelled = true;
	if ((*lookup)->request)
		evdns_getaddrinfo_cancel((*lookup)->request);
	*lookup = NULL;
}

void lookups_end(struct loop *loop)
{
	if (!loop->dns)
		return;
	/* They end with an error, and are freed by their last callbacks. */
	evdns_base_free(loop->dns, 1);
	event_base_loop(loop->base, EVLOOP_NONBLOCK);
}
