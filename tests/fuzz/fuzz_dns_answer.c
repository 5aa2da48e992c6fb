/*
 * Fuzz target of dns_answer.c.  Input: a byte for the type, and a message, as
 * an answer about example.com.
 */
#include <sys/socket.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dns_answer.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
check_record(const struct dns_record *r, int type)
{
	bool	 is_address = type == ns_t_a || type == ns_t_aaaa;

	must(is_address == (r->text == NULL));
	must(r->addr.family == (type == ns_t_a ? AF_INET :
	    type == ns_t_aaaa ? AF_INET6 : 0));
	if (type == ns_t_mx || type == ns_t_ptr)
		must(strlen(r->text) < NS_MAXDNAME &&
		    strchr(r->text, '\\') == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int	 types[] = {
		ns_t_a, ns_t_aaaa, ns_t_mx, ns_t_ptr, ns_t_txt
	};
	struct dns_answer	 a;
	int			 type;

	if (size == 0)
		return 0;
	type = types[data[0] % 5];
	if (dns_answer_read(&a, data + 1, size - 1, "example.com", type) ==
	    0) {
		must(memchr(a.owner, '\0', sizeof(a.owner)) != NULL);
		must(a.ttl <= INT32_MAX);
		for (size_t i = 0; i < a.count; i++)
			check_record(&a.record[i], type);
		for (size_t i = 1; i < a.count; i++)
			must(type != ns_t_mx || a.record[i - 1].preference <=
			    a.record[i].preference);
	}
	dns_answer_free(&a);
	return 0;
}
