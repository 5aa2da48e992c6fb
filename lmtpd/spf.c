/*
 * What may pass between resolver.c and lmtpd-resolver.  Both sides ask here
 * whether bytes of the other could be honest; pure, and trusts none of them.
 */
#include <sys/socket.h>

#include <string.h>

#include "spf.h"

static const char *const names[SPF_RESULTS] = {
	[SPF_NONE] = "none",
	[SPF_NEUTRAL] = "neutral",
	[SPF_PASS] = "pass",
	[SPF_FAIL] = "fail",
	[SPF_SOFTFAIL] = "softfail",
	[SPF_TEMPERROR] = "temperror",
	[SPF_PERMERROR] = "permerror"
};

const char *
spf_result_name(enum spf_result result)
{
	return (unsigned int)result < SPF_RESULTS ? names[result] : "temperror";
}

/* A string that ends inside its array. */
#define ENDED(array)	(memchr((array), '\0', sizeof(array)) != NULL)

static bool
names_client(const struct spf_question *q)
{
	return q->client.family == AF_INET || q->client.family == AF_INET6;
}

/* What each kind of question cannot do without. */
static bool
complete(const struct spf_question *q)
{
	switch (q->op) {
	case SPF_CHECK:
		return names_client(q);
	case SPF_RECORD:
		return names_client(q) && q->domain[0] != '\0';
	case SPF_TOKEN:
		return q->domain[0] != '\0' && q->token[0] != '\0';
	default:
		return false;
	}
}

bool
spf_question_valid(const void *data, size_t len)
{
	struct spf_question q;

	if (len != sizeof(q))
		return false;
	memcpy(&q, data, sizeof(q));
	return q.timeout >= 1 && q.timeout <= SPF_TIMEOUT_MAX &&
	    ENDED(q.helo) && ENDED(q.sender) && ENDED(q.domain) &&
	    ENDED(q.token) && complete(&q);
}

bool
spf_answer_valid(const void *data, size_t len)
{
	struct spf_answer a;

	if (len != sizeof(a))
		return false;
	memcpy(&a, data, sizeof(a));
	return a.result < SPF_RESULTS && a.lookups <= SPF_COUNT_MAX &&
	    a.voids <= SPF_COUNT_MAX && a.records <= SPF_RECORDS_MAX &&
	    a.ttl <= SPF_TTL_MAX;
}
