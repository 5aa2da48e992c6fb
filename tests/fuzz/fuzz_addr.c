/*
 * Fuzz target of addr.c, ip.c and number.c.  Input: any text, read as a path,
 * as a local part with a number in it, as an IP address and as a network.
 * What is read must read as itself again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
check_parts(const char *addr)
{
	size_t		 local = addr_local_len(addr);
	const char	*domain = addr_domain(addr);

	must(local <= strlen(addr));
	must(addr + local == domain || addr + local + 1 == domain);
	must((addr[local] == '@') == (*domain != '\0'));
	must(strpbrk(domain, "@\" ") == NULL);
}

static void
check_path(const char *s, size_t n)
{
	char	*out = malloc(ADDR_MAX), *again = malloc(ADDR_MAX);

	must(out != NULL && again != NULL);
	if (addr_read_path(s, n, out) == 0) {
		must(addr_clean(s, n) && strlen(out) <= n);
		must(addr_valid(out) && addr_equal(out, out));
		must(addr_clean(out, strlen(out)));
		must(addr_read_path(out, strlen(out), again) == 0);
		must(strcmp(out, again) == 0);
		check_parts(out);
		addr_identity(out, again);
		must(addr_valid(again));
		must(addr_is_rewritten(out) == addr_is_rewritten(again));
		must(strcmp(addr_domain(out), addr_domain(again)) == 0);
	} else
		must(out[0] == '\0');
	free(out);
	free(again);
}

/* A string that nobody parsed must do no harm either. */
static void
check_string(const char *text)
{
	char	*out = malloc(ADDR_MAX);

	must(out != NULL);
	(void)addr_valid(text);
	must(addr_local_len(text) <= strlen(text));
	(void)addr_is_rewritten(text);
	addr_identity(text, out);
	must(strlen(out) <= strlen(text));
	free(out);
}

static void
check_number(const char *s, size_t n, const char *country, const char *trunk)
{
	enum addr_number	 kind;
	char			*out = malloc(ADDR_NUMBER_MAX);
	size_t			 len;

	must(out != NULL);
	kind = addr_number(s, n, country, trunk, out);
	len = strlen(out);
	if (kind == NUMBER_E164) {
		must(out[0] == '+' && out[1] != '0');
		must(len >= 4 && len <= 16);
		must(strspn(out + 1, "0123456789") == len - 1);
	} else if (kind == NUMBER_SHORT) {
		must(len >= 3 && len <= 6);
		must(strspn(out, "0123456789") == len);
	} else
		must(kind == NUMBER_BAD && len == 0);
	free(out);
}

static void
check_ip(const char *text)
{
	struct ip_addr	 addr, again;
	char		*out = malloc(ADDR_IP_MAX);

	must(out != NULL);
	if (ip_read(text, &addr) == 0) {
		ip_write(&addr, out);
		must(ip_read(out, &again) == 0);
		must(memcmp(&addr, &again, sizeof(addr)) == 0);
		must(ip_equal(&addr, &again));
	}
	free(out);
}

static void
check_net(const char *text)
{
	struct ip_net	 net, again;
	char		 out[ADDR_IP_MAX + 4];
	size_t		 n;

	if (ip_net_read(text, &net) == -1)
		return;
	ip_write(&net.addr, out);
	n = strlen(out);
	snprintf(out + n, sizeof(out) - n, "/%u", net.bits);
	must(ip_net_read(out, &again) == 0);
	must(memcmp(&net, &again, sizeof(net)) == 0);
	must(ip_in_net(&net.addr, &net));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char	*s = (const char *)data;
	char		*text = strndup(s, size);

	must(text != NULL);
	check_path(s, size);
	check_string(text);
	check_number(s, size, "41", "0");
	check_number(s, size, "", "0");
	check_number(s, size, "7", "");
	check_ip(text);
	check_net(text);
	free(text);
	return 0;
}
