/*
 * Alone names libspf2.  It is handed no text of a sender's: its records are
 * written here, its macros are expanded, its names arrive as the current
 * domain, its lookups are ours.  That leaves out of its reach what 1.2.10
 * gets wrong or overflows on, and a /0, which it refuses.
 */
#include <sys/socket.h>

#include <netinet/in.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <spf2/spf.h>

#include "spf_lib.h"

#define LIMIT		10	/* of RFC 7208, held outside too */
#define RECORD_MAX	32

struct layer {
	struct spf_client	*client;
	bool			 any;	/* any address will do: /0 */
};

static void __attribute__((noreturn))
fail(const char *file, int line, const char *text)
{
	(void)file;
	(void)line;
	(void)text;
	abort();
}

static void
ignore(const char *file, int line, const char *text)
{
	(void)file;
	(void)line;
	(void)text;
}

void
spf_lib_silence(void)
{
	SPF_error_handler = fail;
	SPF_warning_handler = ignore;
	SPF_info_handler = ignore;
	SPF_debug_handler = ignore;
}

/* An address under /0 matches whatever it is: then it is the client's own. */
static int
copy_address(SPF_dns_rr_t *out, int i, const struct layer *layer,
    const struct dns_record *r)
{
	const struct ip_addr	*a = layer->any ? &layer->client->addr :
	    &r->addr;

	if (SPF_dns_rr_buf_realloc(out, i, sizeof(a->byte)) != SPF_E_SUCCESS)
		return -1;
	if (out->rr_type == ns_t_a)
		memcpy(&out->rr[i]->a, a->byte, sizeof(out->rr[i]->a));
	else
		memcpy(&out->rr[i]->aaaa, a->byte, sizeof(out->rr[i]->aaaa));
	return 0;
}

static int
copy_host(SPF_dns_rr_t *out, int i, const struct dns_record *r)
{
	size_t	 size = strlen(r->text) + 1;

	if (SPF_dns_rr_buf_realloc(out, i, size) != SPF_E_SUCCESS)
		return -1;
	memcpy(out->rr[i]->mx, r->text, size);
	return 0;
}

static int
copy_answer(SPF_dns_rr_t *out, const struct layer *layer,
    const struct dns_answer *a)
{
	int	 i, rc;

	for (i = 0; i < (int)a->count; i++) {
		rc = out->rr_type == ns_t_mx ?
		    copy_host(out, i, &a->record[i]) :
		    copy_address(out, i, layer, &a->record[i]);
		if (rc == -1)
			return -1;
		out->num_rr = i + 1;
	}
	return 0;
}

/* NULL for want of memory makes libspf2 abort, which is a temperror too. */
static SPF_dns_rr_t *
lookup(SPF_dns_server_t *server, const char *name, ns_type type, int cache)
{
	const struct layer	*layer = server->hook;
	struct dns_answer	 answer;
	SPF_dns_rr_t		*out;
	int			 rc;

	(void)cache;
	out = SPF_dns_rr_new_init(server, name, type, 0, NETDB_SUCCESS);
	if (out == NULL)
		return NULL;
	rc = spf_client_ask(layer->client, name, (int)type, &answer);
	if (rc == 0)
		out->herrno = NO_DATA;
	if (rc == -1 || copy_answer(out, layer, &answer) == -1)
		out->herrno = TRY_AGAIN;
	dns_answer_free(&answer);
	return out;
}

/* A record of one mechanism at the current domain.  128 and 32 are implied. */
static void
write_record(char *out, const struct spf_term *t, bool ip4, unsigned int bits)
{
	const char	*name = t->kind == SPF_TERM_A ? "a" : "mx";

	if (t->kind == SPF_TERM_EXISTS)
		snprintf(out, RECORD_MAX, "v=spf1 exists:%%{d}");
	else if (bits == 0)
		snprintf(out, RECORD_MAX, "v=spf1 %s", name);
	else
		snprintf(out, RECORD_MAX, "v=spf1 %s%s%u", name,
		    ip4 ? "/" : "//", bits);
}

static void
set_client(SPF_request_t *request, const struct ip_addr *addr)
{
	struct in6_addr	 six;
	struct in_addr	 four;

	memcpy(&four, addr->byte, sizeof(four));
	memcpy(&six, addr->byte, sizeof(six));
	if (addr->family == AF_INET)
		SPF_request_set_ipv4(request, four);
	else
		SPF_request_set_ipv6(request, six);
}

/* SPF_request_query_fallback(), but at a domain that is no sender's. */
static int
interpret(SPF_request_t *request, const char *text)
{
	SPF_response_t	*response = SPF_response_new(request);
	SPF_record_t	*record = NULL;
	SPF_result_t	 result;

	if (response == NULL)
		return -1;
	if (SPF_record_compile(request->spf_server, response, &record,
	    text) == SPF_E_SUCCESS) {
		response->spf_record_exp = record;
		SPF_record_interpret(record, request, response, 0);
	}
	result = SPF_response_result(response);
	if (record != NULL)
		SPF_record_free(record);
	SPF_response_free(response);
	if (result == SPF_RESULT_PASS)
		return 1;
	return result == SPF_RESULT_NEUTRAL ? 0 : -1;
}

/*
 * The server is made by hand: SPF_server_new_dns() would ask for the host's
 * name and compile an explanation, full of macros, that is then expanded.
 */
int
spf_lib_match(struct spf_client *client, const struct spf_term *t,
    const char *name)
{
	struct layer		 layer = { .client = client };
	SPF_dns_server_t	 resolver = { .lookup = lookup, .name = "" };
	SPF_server_t		 server = { .resolver = &resolver,
	    .max_dns_mech = LIMIT, .max_dns_ptr = LIMIT, .max_dns_mx = LIMIT };
	SPF_request_t		*request = SPF_request_new(&server);
	char			 record[RECORD_MAX], self[] = "localhost";
	bool			 ip4 = client->addr.family == AF_INET;
	unsigned int		 bits = ip4 ? t->bits4 : t->bits6;
	int			 rc;

	if (request == NULL)
		return -1;
	layer.any = bits == 0;
	resolver.hook = &layer;
	server.rec_dom = self;
	set_client(request, &client->addr);
	request->cur_dom = name;
	write_record(record, t, ip4, bits);
	rc = interpret(request, record);
	SPF_request_free(request);
	return rc;
}
