/*
 * Nothing twice, and no more than a rate allows.  Doubt is a 4yz: what cannot
 * be claimed or counted is not run.
 */
#include "admit.h"
#include "log.h"

#define RATE_KIND	"rate"

static enum reason
claim(const struct policy *policy, const char *key, struct done *done)
{
	char id[DONE_ID_MAX];

	done->fd = -1;
	if (policy->remember == 0 || *key == '\0')
		return REASON_OK;
	switch (done_claim(policy->state_dir, key, policy->remember, done,
	    id)) {
	case DONE_CLAIMED:
		return REASON_OK;
	case DONE_BEFORE:
		log_info("delivery %s was done before, by id=%s", key, id);
		return REASON_REMEMBERED;
	case DONE_HELD:
		return REASON_HELD;
	case DONE_FAILED:
		break;
	}
	log_warn("cannot remember deliveries in %s/done", policy->state_dir);
	return REASON_INTERNAL;
}

static enum reason
count(const struct policy *policy, const struct account *a,
    struct admission *ad)
{
	struct rate rate;

	ad->counted = false;
	if (*a->rate == '\0')
		return REASON_OK;
	switch (rate_read(a->rate, &rate) == -1 ? -1 :
	    rate_reserve(policy->state_dir, RATE_KIND, a->name, &rate,
	    &ad->place)) {
	case 1:
		ad->counted = true;
		return REASON_OK;
	case 0:
		return REASON_RATE;
	default:
		log_warn("cannot count the rate of account \"%s\" in %s/"
		    RATE_KIND, a->name, policy->state_dir);
		return REASON_INTERNAL;
	}
}

enum reason
admit_run(const struct policy *policy, const struct recipient *r,
    const char *key, struct admission *ad)
{
	enum reason reason = claim(policy, key, &ad->done);

	if (reason != REASON_OK)
		return reason;
	reason = count(policy, r->decision.source->account, ad);
	if (reason != REASON_OK && ad->done.fd != -1)
		done_release(policy->state_dir, &ad->done);
	return reason;
}

void
admit_end(const struct policy *policy, const struct recipient *r,
    bool delivered, const char *id, struct admission *ad)
{
	const struct account *a = r->decision.source->account;

	if (!delivered && ad->counted && rate_return(policy->state_dir,
	    RATE_KIND, a->name, &ad->place) == -1)
		log_warn("cannot give back a place of account \"%s\"'s rate in "
		    "%s/" RATE_KIND, a->name, policy->state_dir);
	if (ad->done.fd == -1)
		return;
	if (!delivered)
		done_release(policy->state_dir, &ad->done);
	else if (done_keep(&ad->done, id) == -1)
		log_warn("cannot remember a delivery in %s/done: should the "
		    "client send it again, it is delivered twice",
		    policy->state_dir);
}
