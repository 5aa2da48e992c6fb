/*
 * Fuzz target of conf_value.c and conf_rule.c, every reader of a value.  Input:
 * the value.  What one takes must read as itself again, and be taken by those
 * who use it: a rate by rate.c, a name by state.c, a domain by domains.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_rule.h"
#include "conf_value.h"
#include "domains.h"
#include "rate.h"
#include "state.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define MACROS	"nNrldsuaciq%"

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
say(void *arg, enum conf_kind kind, const char *text)
{
	(void)arg;
	must(kind == CONF_ERROR && strncmp(text, "f:7: ", 5) == 0);
}

/* Nothing is refused in silence, nor taken with an error. */
static bool
is_taken(struct conf_errors *e, int rv)
{
	must(rv == 0 || rv == -1);
	must(e->n == (rv == -1));
	e->n = 0;
	return rv == 0;
}

static void
check_numbers(struct conf_errors *e, const struct conf_value *v)
{
	static const struct word words[] = { { "reply", 1 }, { "proven", 2 } };
	unsigned long long	 n = 0;
	unsigned long		 seconds = 0;
	unsigned int		 word = 0;
	char			 again[32];
	bool			 yes;

	if (is_taken(e, value_number(e, v, "k", 3, 1ULL << 40, &n))) {
		snprintf(again, sizeof(again), "%llu", n);
		must(n >= 3 && n <= 1ULL << 40);
		must(strcmp(again, v->text) == 0);
	}
	is_taken(e, value_bool(e, v, "k", &yes));
	if (is_taken(e, value_word(e, v, "k", words, 2, &word)))
		must(strcmp(words[word - 1].word, v->text) == 0);
	if (is_taken(e, value_duration(e, v, "k", &seconds)))
		must(seconds <= 3660UL * 86400);
}

static void
check_rate(struct conf_errors *e, const struct conf_value *v)
{
	struct rate	 rate;
	bool		 taken = is_taken(e, value_rate(e, v, "k"));

	must(taken == (*v->text == '\0' || rate_read(v->text, &rate) == 0));
}

static void
check_names(struct conf_errors *e, const struct conf_value *v)
{
	if (is_taken(e, value_name(e, v, "k")))
		must(state_name(v->text));
	if (is_taken(e, value_user(e, v, "k")))
		must(v->text[0] != '-' && strpbrk(v->text, " \n") == NULL);
}

static void
check_domain(struct conf_errors *e, const struct conf_value *v)
{
	struct conf_value	 again = *v;
	struct domain_proof	 proof;
	char			*domain, *same;

	if (!is_taken(e, value_domain(e, v, "k", &domain)))
		return;
	again.text = domain;
	must(is_taken(e, value_domain(e, &again, "k", &same)));
	must(strcmp(domain, same) == 0);
	errno = 0;
	must(domains_read("/dev/null", domain, &proof) == -1 &&
	    errno != EINVAL);
	free(domain);
	free(same);
}

static void
check_email(struct conf_errors *e, const struct conf_value *v)
{
	struct conf_value	 again = *v;
	char			*email, *same;

	if (!is_taken(e, value_email(e, v, "k", &email)))
		return;
	must(addr_valid(email) && addr_domain(email)[0] != '\0');
	again.text = email;
	must(is_taken(e, value_email(e, &again, "k", &same)));
	must(strcmp(email, same) == 0);
	free(email);
	free(same);
}

static void
check_net(struct conf_errors *e, const struct conf_value *v)
{
	struct ip_net	 net;
	struct security	 s = { .net = &net };

	if (is_taken(e, value_net(e, v, "k", &net)))
		must(ip_in_net(&net.addr, &net));
	if (is_taken(e, rule_security(e, v, &s)))
		must((s.nets == 1) == (s.words == 0) && s.nets <= 1);
	else
		must(s.nets == 0 && s.words == 0);
}

static void
check_rules(struct conf_errors *e, const struct conf_value *v)
{
	struct like	*like = rule_pattern(e, v, "k");

	is_taken(e, like == NULL ? -1 : 0);
	like_free(like);
	is_taken(e, rule_number_pattern(e, v));
	if (is_taken(e, rule_command_word(e, v, "k", 0, MACROS)))
		must(v->text[0] != '-' && strchr(v->text, '%') == NULL);
	is_taken(e, rule_command_word(e, v, "k", 1, MACROS));
	if (is_taken(e, rule_environment(e, v)))
		must(strchr(v->text, '=') > v->text &&
		    strncmp(v->text, "LMTPD_", 6) != 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct conf_report report = { say, NULL };
	struct conf_errors	 e = { &report, 0 };
	struct conf_value	 v = { NULL, { "f", 7 } };
	char			*text = strndup((const char *)data, size);

	must(text != NULL);
	v.text = text;
	check_numbers(&e, &v);
	check_rate(&e, &v);
	check_names(&e, &v);
	check_domain(&e, &v);
	check_email(&e, &v);
	check_net(&e, &v);
	check_rules(&e, &v);
	free(text);
	return 0;
}
