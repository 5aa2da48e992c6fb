/*
 * DNS messages as answers: packets written here by hand, right and wrong.
 */
#include <sys/socket.h>

#include <stdarg.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dns_answer.h"

struct packet {
	uint8_t	 byte[2048];
	size_t	 len;
};

static void
put16(struct packet *p, unsigned int n)
{
	p->byte[p->len++] = (uint8_t)(n >> 8);
	p->byte[p->len++] = (uint8_t)n;
}

static void
put_name(struct packet *p, const char *name)
{
	size_t	 n;

	for (; *name != '\0'; name += n + (name[n] == '.')) {
		n = strcspn(name, ".");
		p->byte[p->len++] = (uint8_t)n;
		memcpy(p->byte + p->len, name, n);
		p->len += n;
	}
	p->byte[p->len++] = 0;
}

/* A header of an answer, and a question for a.example. */
static void
begin(struct packet *p, int type)
{
	memset(p, 0, sizeof(*p));
	put16(p, 1);
	put16(p, 0x8180);
	put16(p, 1);
	for (int i = 0; i < 3; i++)
		put16(p, 0);
	put_name(p, "a.example");
	put16(p, (unsigned int)type);
	put16(p, ns_c_in);
}

static void
put_head(struct packet *p, const char *owner, int type, unsigned int ttl,
    size_t len)
{
	p->byte[7]++;
	put_name(p, owner);
	put16(p, (unsigned int)type);
	put16(p, ns_c_in);
	put16(p, ttl >> 16);
	put16(p, ttl & 0xffff);
	put16(p, (unsigned int)len);
}

static void
put(struct packet *p, const char *owner, int type, unsigned int ttl,
    const void *data, size_t len)
{
	put_head(p, owner, type, ttl, len);
	memcpy(p->byte + p->len, data, len);
	p->len += len;
}

static void
put_alias(struct packet *p, const char *owner, const char *target)
{
	put_head(p, owner, ns_t_cname, 9, strlen(target) + 2);
	put_name(p, target);
}

static void
put_mx(struct packet *p, unsigned int preference, const char *host)
{
	put_head(p, "a.example", ns_t_mx, 9,
	    2 + (host[0] == '\0' ? 1 : strlen(host) + 2));
	put16(p, preference);
	put_name(p, host);
}

static struct dns_answer
reads(const struct packet *p, int type)
{
	struct dns_answer	 a;

	assert_int_equal(dns_answer_read(&a, p->byte, p->len, "A.example",
	    type), 0);
	return a;
}

static void
addresses_of_the_name_are_read(void **state)
{
	struct packet		 p;
	struct dns_answer	 a;
	uint8_t			 six[16] = { 0x20, 1, 0xd, 0xb8, [15] = 1 };

	(void)state;
	begin(&p, ns_t_a);
	put(&p, "a.example", ns_t_a, 300, "\300\0\2\1", 4);
	put(&p, "A.EXAMPLE", ns_t_a, 60, "\300\0\2\2", 4);
	put(&p, "b.example", ns_t_a, 1, "\300\0\2\3", 4);
	put(&p, "a.example", ns_t_aaaa, 2, six, 16);
	a = reads(&p, ns_t_a);
	assert_int_equal(a.count, 2);
	assert_int_equal(a.ttl, 60);
	assert_int_equal(a.record[1].addr.family, AF_INET);
	assert_memory_equal(a.record[1].addr.byte, "\300\0\2\2", 4);
	dns_answer_free(&a);
	a = reads(&p, ns_t_aaaa);
	assert_int_equal(a.count, 1);
	assert_int_equal(a.record[0].addr.family, AF_INET6);
	assert_memory_equal(a.record[0].addr.byte, six, 16);
	dns_answer_free(&a);
}

static void
aliases_are_followed(void **state)
{
	struct packet		 p;
	struct dns_answer	 a;

	(void)state;
	begin(&p, ns_t_a);
	put(&p, "c.example", ns_t_a, 300, "\300\0\2\1", 4);
	put_alias(&p, "b.example", "c.example");
	put_alias(&p, "a.example", "b.example");
	a = reads(&p, ns_t_a);
	assert_int_equal(a.count, 1);
	assert_string_equal(a.owner, "c.example");
	dns_answer_free(&a);
	begin(&p, ns_t_a);
	put_alias(&p, "a.example", "else.where");
	a = reads(&p, ns_t_a);
	assert_int_equal(a.count, 0);
	assert_string_equal(a.owner, "else.where");
	dns_answer_free(&a);
	put_alias(&p, "else.where", "a.example");
	a = reads(&p, ns_t_a);
	assert_int_equal(a.count, 0);
	assert_string_equal(a.owner, "");
	dns_answer_free(&a);
}

static void
hosts_come_in_order_of_preference(void **state)
{
	struct packet		 p;
	struct dns_answer	 a;

	(void)state;
	begin(&p, ns_t_mx);
	put_mx(&p, 300, "last.example");
	put_mx(&p, 20, "z.example");
	put_mx(&p, 20, "b.example");
	put_mx(&p, 0, "");
	put_mx(&p, 1, "x y.example");
	a = reads(&p, ns_t_mx);
	assert_int_equal(a.count, 5);
	assert_string_equal(a.record[0].text, "");
	assert_string_equal(a.record[1].text, "");
	assert_string_equal(a.record[2].text, "b.example");
	assert_string_equal(a.record[3].text, "z.example");
	assert_string_equal(a.record[4].text, "last.example");
	dns_answer_free(&a);
}

static void
strings_are_joined(void **state)
{
	struct packet		 p;
	struct dns_answer	 a;

	(void)state;
	begin(&p, ns_t_txt);
	put(&p, "a.example", ns_t_txt, 0x80000001, "\3v=s\0\5pf1 \0", 11);
	put(&p, "a.example", ns_t_txt, 5, "", 0);
	a = reads(&p, ns_t_txt);
	assert_int_equal(a.count, 2);
	assert_int_equal(a.ttl, 0);
	assert_string_equal(a.record[0].text, "v=spf1 \1");
	assert_string_equal(a.record[1].text, "");
	dns_answer_free(&a);
}

static void
refuses(const struct packet *p, int type)
{
	struct dns_answer	 a;

	assert_int_equal(dns_answer_read(&a, p->byte, p->len, "a.example",
	    type), -1);
	dns_answer_free(&a);
}

static void
nonsense_is_refused(void **state)
{
	struct packet	 p;

	(void)state;
	begin(&p, ns_t_a);
	put(&p, "a.example", ns_t_a, 1, "\300\0\2\1\1", 5);
	refuses(&p, ns_t_a);
	begin(&p, ns_t_aaaa);
	put(&p, "a.example", ns_t_aaaa, 1, "\300\0\2\1", 4);
	refuses(&p, ns_t_aaaa);
	begin(&p, ns_t_txt);
	put(&p, "a.example", ns_t_txt, 1, "\5pf1", 4);
	refuses(&p, ns_t_txt);
	begin(&p, ns_t_mx);
	put(&p, "a.example", ns_t_mx, 1, "\0\1", 2);
	refuses(&p, ns_t_mx);
	begin(&p, ns_t_ptr);
	put(&p, "a.example", ns_t_ptr, 1, "\377\377", 2);
	refuses(&p, ns_t_ptr);
}

/* Cut anywhere, a message is never read as if it were whole. */
static void
a_cut_message_is_refused(void **state)
{
	struct packet	 p;

	(void)state;
	begin(&p, ns_t_a);
	put_alias(&p, "a.example", "b.example");
	put(&p, "b.example", ns_t_a, 1, "\300\0\2\1", 4);
	while (p.len-- > 0)
		refuses(&p, ns_t_a);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(addresses_of_the_name_are_read),
		cmocka_unit_test(aliases_are_followed),
		cmocka_unit_test(hosts_come_in_order_of_preference),
		cmocka_unit_test(strings_are_joined),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(a_cut_message_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
