/*
 * lmtpctl domain: the token that is to prove a domain, whether the DNS has it,
 * and the list of all.  Believes the confined resolver only a definite answer.
 * 0: all are verified (or nothing was to be), 1: some are not, 2: could not
 * tell.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "ctl.h"
#include "ctl_load.h"
#include "domains.h"
#include "idn.h"
#include "log.h"
#include "resolver.h"
#include "state.h"

#define TTL		300	/* seconds: a mistake is soon forgotten */
#define UNTOLD		2	/* exit status: could not tell */

static int
usage(void)
{
	fprintf(stderr, "usage: lmtpctl [-f conf] domain token DOMAIN\n"
	    "       lmtpctl [-f conf] domain verify [DOMAIN | --all]\n"
	    "       lmtpctl [-f conf] domain list\n");
	return EX_USAGE;
}

/* What went wrong with the state of a domain. */
static int
complain(const char *domain)
{
	char safe[4 * SPF_NAME_MAX];

	log_safe(safe, sizeof(safe), domain);
	if (errno == EINVAL)
		fprintf(stderr, "lmtpctl: %s: not a domain\n", safe);
	else if (errno == EBADMSG)
		fprintf(stderr, "lmtpctl: %s: its file below state-dir is "
		    "damaged; remove it and issue a token anew\n", safe);
	else if (errno == EAGAIN)
		fprintf(stderr, "lmtpctl: %s: its token was changed "
		    "meanwhile; verify it again\n", safe);
	else
		fprintf(stderr, "lmtpctl: %s: %s\n", safe, strerror(errno));
	return UNTOLD;
}

/* Lower case, A-labels, and no dot at its end. */
static int
read_domain(const char *arg, char out[SPF_NAME_MAX])
{
	size_t len;

	if (idn_to_ascii(arg, out, SPF_NAME_MAX) != 0) {
		errno = EINVAL;
		return -1;
	}
	len = strlen(out);
	if (len > 1 && out[len - 1] == '.')
		out[len - 1] = '\0';
	return 0;
}

static void
say_record(const char *domain, const char *token)
{
	printf("%s. %d IN TXT \"%s\"\n", domain, TTL, token);
}

/* The proof of a domain; a new one where there is none. */
static int
issue(const char *state_dir, const char *domain, struct domain_proof *proof)
{
	int rc;

	if ((rc = domains_read(state_dir, domain, proof)) != 0)
		return rc;
	memset(proof, 0, sizeof(*proof));
	domains_token(proof->token);
	proof->issued = time(NULL);
	return domains_write(state_dir, domain, proof);
}

static int
run_token(const struct policy *policy, const char *arg)
{
	char domain[SPF_NAME_MAX], when[STATE_TIME_MAX];
	struct domain_proof proof;
	int lock, rc;

	if (read_domain(arg, domain) == -1 ||
	    (lock = domains_lock(policy->state_dir)) == -1)
		return complain(arg);
	if ((rc = issue(policy->state_dir, domain, &proof)) == -1)
		rc = complain(arg);
	close(lock);
	if (rc == UNTOLD)
		return rc;
	say_record(domain, proof.token);
	if (proof.verified != 0)
		printf("; verified since %s: leave it there\n",
		    state_time(when, proof.verified));
	else
		printf("; to stand beside what TXT records the domain has; "
		    "then: lmtpctl domain verify %s\n"
		    "; TTL %d: a mistake is forgotten after %d minutes; "
		    "raise it once verified\n", domain, TTL, TTL / 60);
	return 0;
}

/*
 * The DNS was definite: keep that, unless the domain's file has gone, or its
 * token has changed, since it was asked.  Since when it is verified stays.
 */
static int
keep(const char *state_dir, const char *domain, bool found,
    struct domain_proof *proof)
{
	char token[SPF_TOKEN_MAX];
	int lock, rc;

	strlcpy(token, proof->token, sizeof(token));
	if ((lock = domains_lock(state_dir)) == -1)
		return -1;
	rc = domains_read(state_dir, domain, proof);
	if (rc == 1 && strcmp(token, proof->token) == 0) {
		proof->checked = time(NULL);
		if (!found)
			proof->verified = 0;
		else if (proof->verified == 0)
			proof->verified = proof->checked;
		rc = domains_write(state_dir, domain, proof);
	} else if (rc != -1) {
		errno = EAGAIN;
		rc = -1;
	}
	close(lock);
	return rc;
}

static void
say_found(const char *domain, const struct spf_answer *a,
    const struct domain_proof *proof)
{
	char when[STATE_TIME_MAX];
	const char *plural = a->records == 1 ? "" : "s";

	if (a->result == SPF_PASS) {
		printf("%s: verified since %s: found, %u TXT record%s, "
		    "TTL %u s\n", domain,
		    state_time(when, proof->verified), a->records, plural,
		    a->ttl);
		return;
	}
	if (a->records == 0)
		printf("%s: not verified: no TXT record at %s itself\n",
		    domain, domain);
	else
		printf("%s: not verified: %u TXT record%s, TTL %u s, none "
		    "of them the token\n%s: the DNS may show a change only "
		    "after these %u s\n", domain, a->records, plural, a->ttl,
		    domain, a->ttl);
	printf("%s: missing: ", domain);
	say_record(domain, proof->token);
}

static int
say_untold(const char *domain, const struct domain_proof *proof)
{
	char when[STATE_TIME_MAX];

	if (proof->verified != 0)
		printf("%s: the DNS did not tell; stays verified since %s\n",
		    domain, state_time(when, proof->verified));
	else
		printf("%s: the DNS did not tell; stays not verified\n",
		    domain);
	return UNTOLD;
}

static int
verify(const struct policy *policy, struct resolver *resolver,
    const char *domain)
{
	struct spf_question q = { .op = SPF_TOKEN };
	struct domain_proof proof;
	struct spf_answer a;
	int rc = domains_read(policy->state_dir, domain, &proof);

	if (rc == -1)
		return complain(domain);
	if (rc == 0) {
		printf("%s: not verified: no token yet: "
		    "lmtpctl domain token %s\n", domain, domain);
		return 1;
	}
	strlcpy(q.domain, domain, sizeof(q.domain));
	strlcpy(q.token, proof.token, sizeof(q.token));
	resolver_ask(resolver, &q, &a);
	resolver_end(resolver);	/* dns-timeout is for each domain */
	if (a.result != SPF_PASS && a.result != SPF_NONE)
		return say_untold(domain, &proof);
	if (keep(policy->state_dir, domain, a.result == SPF_PASS,
	    &proof) == -1)
		return complain(domain);
	say_found(domain, &a, &proof);
	return a.result == SPF_PASS ? 0 : 1;
}

static int
verify_all(const struct policy *policy, struct resolver *resolver)
{
	char **list = domains_list(policy->state_dir);
	int rc, worst = 0;
	size_t i;

	if (list == NULL)
		return complain("domains");
	for (i = 0; list[i] != NULL; i++) {
		rc = verify(policy, resolver, list[i]);
		fflush(stdout);
		if (rc > worst)
			worst = rc;
		free(list[i]);
	}
	free(list);
	return worst;
}

/* arg is NULL for all. */
static int
run_verify(const struct policy *policy, const char *arg)
{
	char domain[SPF_NAME_MAX];
	struct resolver *resolver;
	int rc;

	if (arg != NULL && read_domain(arg, domain) == -1)
		return complain(arg);
	log_open("lmtpctl", STDERR_FILENO);
	resolver = resolver_new(resolver_dir(), policy->dns_timeout, true);
	if (resolver == NULL)
		errx(EX_OSERR, "out of memory");
	rc = arg != NULL ? verify(policy, resolver, domain) :
	    verify_all(policy, resolver);
	resolver_free(resolver);
	return rc;
}

static int
list_one(const char *state_dir, const char *domain)
{
	char verified[STATE_TIME_MAX], checked[STATE_TIME_MAX];
	struct domain_proof proof;
	int rc = domains_read(state_dir, domain, &proof);

	if (rc != 1)
		return rc == -1 ? complain(domain) : 0;
	printf("%s: %s%s, token %s, %s%s\n", domain,
	    proof.verified != 0 ? "verified since " : "not verified",
	    proof.verified != 0 ? state_time(verified, proof.verified) : "",
	    proof.token,
	    proof.checked != 0 ? "last check " : "never checked",
	    proof.checked != 0 ? state_time(checked, proof.checked) : "");
	return 0;
}

static int
run_list(const struct policy *policy)
{
	char **list = domains_list(policy->state_dir);
	int rc = 0;
	size_t i;

	if (list == NULL)
		return complain("domains");
	for (i = 0; list[i] != NULL; i++) {
		if (list_one(policy->state_dir, list[i]) != 0)
			rc = UNTOLD;
		free(list[i]);
	}
	free(list);
	return rc;
}

enum word {
	WORD_NONE,
	WORD_TOKEN,
	WORD_VERIFY,
	WORD_LIST
};

static enum word
read_word(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "token") == 0)
		return WORD_TOKEN;
	if ((argc == 2 || argc == 3) && strcmp(argv[1], "verify") == 0)
		return WORD_VERIFY;
	if (argc == 2 && strcmp(argv[1], "list") == 0)
		return WORD_LIST;
	return WORD_NONE;
}

int
ctl_domain(const struct ctl *ctl, int argc, char **argv)
{
	enum word word = read_word(argc, argv);
	const char *arg = argc == 3 ? argv[2] : NULL;
	struct policy *policy;
	int rc;

	if (word == WORD_VERIFY && arg != NULL && strcmp(arg, "--all") == 0)
		arg = NULL;
	if (word == WORD_NONE || (arg != NULL && *arg == '-'))
		return usage();
	if ((policy = ctl_policy_as_owner(ctl)) == NULL)
		return UNTOLD;
	if (word == WORD_TOKEN)
		rc = run_token(policy, arg);
	else if (word == WORD_VERIFY)
		rc = run_verify(policy, arg);
	else
		rc = run_list(policy);
	policy_free(policy);
	return rc;
}
