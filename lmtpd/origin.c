/*
 * Where a message comes from.  Options of the command line win over the
 * protocol; of the protocol's ways only the configured one counts, and only
 * from a trusted peer.
 */
#include <sys/socket.h>

#include <string.h>
#include <strings.h>

#include "origin.h"

/* What XFORWARD, XCLIENT or the command line say, in the same words. */
static void
take_attributes(const struct lmtp_xforward *xf, struct origin *o)
{
	o->helo = xf->value[XF_HELO];
	o->name = xf->value[XF_NAME];
	if (xf->value[XF_ADDR][0] != '\0')
		ip_read(xf->value[XF_ADDR], &o->client);
}

static void
from_xforward(const struct envelope *e, struct origin *o)
{
	const struct lmtp_xforward *xf = &e->xforward;

	take_attributes(xf, o);
	/* SOURCE says nothing beside an ADDR, be it [UNAVAILABLE] */
	if (!(xf->given & (1U << XF_ADDR)))
		o->local = strcasecmp(xf->value[XF_SOURCE], "LOCAL") == 0;
}

static void
from_received(const struct header_facts *header, struct origin *o)
{
	if (header == NULL || !header->known) {
		o->later = true;
		return;
	}
	o->client = header->origin.client;
	o->local = header->origin.local;
}

static void
from_protocol(const struct policy *policy, const struct peer *peer,
    const struct envelope *e, const struct header_facts *header,
    struct origin *o)
{
	switch (policy->client_address) {
	case CLIENT_XFORWARD:
		o->source = "xforward";
		if (!e->xforward_refused)
			from_xforward(e, o);
		break;
	case CLIENT_XCLIENT:
		o->source = "xclient";
		take_attributes(&peer->client, o);
		break;
	case CLIENT_RECEIVED:
		o->source = "received";
		from_received(header, o);
		break;
	case CLIENT_PEER:
		break;
	}
}

void
origin_find(const struct policy *policy, const struct peer *peer,
    const struct envelope *e, const struct header_facts *header,
    struct origin *o)
{
	memset(o, 0, sizeof(*o));
	o->source = o->helo = o->name = o->queue_id = "";
	if (peer->trusted && !e->xforward_refused)
		o->queue_id = e->xforward.value[XF_IDENT];
	if (peer->given) {
		o->source = "option";
		take_attributes(&peer->client, o);
	} else if (policy->client_address == CLIENT_PEER) {
		o->source = "peer";
		o->client = peer->addr;
	} else if (peer->trusted)
		from_protocol(policy, peer, e, header, o);
}
