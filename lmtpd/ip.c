/*
 * Reads, compares and writes IP addresses and networks.  It trusts no text:
 * a client's address comes from the network, a CIDR from a config's author.
 */
#include <sys/socket.h>

#include <arpa/inet.h>

#include <stdlib.h>
#include <string.h>

#include "ip.h"

#define MAPPED_BITS	96	/* of ::ffff:0:0/96, RFC 4291 section 2.5.5.2 */

static const uint8_t mapped_prefix[] = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff
};

static unsigned int
family_bits(int family)
{
	return family == AF_INET ? 32 : 128;
}

/* Returns 1 where an IPv4-mapped address was made IPv4, else 0; -1 for none. */
static int
read_any(const char *text, struct ip_addr *addr)
{
	memset(addr, 0, sizeof(*addr));
	if (inet_pton(AF_INET, text, addr->byte) == 1) {
		addr->family = AF_INET;
		return 0;
	}
	memset(addr, 0, sizeof(*addr));
	if (inet_pton(AF_INET6, text, addr->byte) != 1) {
		memset(addr, 0, sizeof(*addr));
		return -1;
	}
	addr->family = AF_INET6;
	if (memcmp(addr->byte, mapped_prefix, sizeof(mapped_prefix)) != 0)
		return 0;
	memcpy(addr->byte, addr->byte + 12, 4);
	memset(addr->byte + 4, 0, 12);
	addr->family = AF_INET;
	return 1;
}

int
ip_read(const char *text, struct ip_addr *addr)
{
	return read_any(text, addr) == -1 ? -1 : 0;
}

/* A prefix length: digits alone, no sign, no leading zero.  -1 for others. */
static int
read_bits(const char *text, unsigned int max)
{
	size_t		 n = strspn(text, "0123456789");
	unsigned long	 bits;

	if (n == 0 || n > 3 || text[n] != '\0' || (n > 1 && text[0] == '0'))
		return -1;
	bits = strtoul(text, NULL, 10);
	return bits > max ? -1 : (int)bits;
}

/* Clears what stands behind the prefix; true where something did. */
static bool
clear_host(struct ip_net *net)
{
	size_t	 i, size = family_bits(net->addr.family) / 8;
	uint8_t	 mask;
	bool	 dirty = false;

	for (i = net->bits / 8; i < size; i++) {
		mask = 0;
		if (i == net->bits / 8)
			mask = (uint8_t)~(0xff >> net->bits % 8);
		if (net->addr.byte[i] & ~mask)
			dirty = true;
		net->addr.byte[i] &= mask;
	}
	return dirty;
}

int
ip_net_read(const char *text, struct ip_net *net)
{
	char		 host[ADDR_IP_MAX];
	const char	*slash = strchrnul(text, '/');
	size_t		 n = (size_t)(slash - text);
	int		 bits, mapped;

	memset(net, 0, sizeof(*net));
	if (n >= sizeof(host))
		return -1;
	memcpy(host, text, n);
	host[n] = '\0';
	mapped = read_any(host, &net->addr);
	if (mapped == -1)
		return -1;
	net->bits = family_bits(net->addr.family);
	if (*slash == '\0')
		return 0;
	bits = read_bits(slash + 1, mapped ? 128 : net->bits);
	if (mapped)
		bits -= MAPPED_BITS;
	if (bits < 0) {
		memset(net, 0, sizeof(*net));
		return -1;
	}
	net->bits = (unsigned int)bits;
	return clear_host(net) ? 1 : 0;
}

bool
ip_equal(const struct ip_addr *a, const struct ip_addr *b)
{
	struct ip_net	 net = { .addr = *b, .bits = family_bits(b->family) };

	return ip_in_net(a, &net);
}

bool
ip_in_net(const struct ip_addr *addr, const struct ip_net *net)
{
	size_t	 whole = net->bits / 8;
	uint8_t	 differ, mask;

	if (addr->family != AF_INET && addr->family != AF_INET6)
		return false;
	if (addr->family != net->addr.family ||
	    net->bits > family_bits(addr->family))
		return false;
	if (memcmp(addr->byte, net->addr.byte, whole) != 0)
		return false;
	if (net->bits % 8 == 0)
		return true;
	mask = (uint8_t)~(0xff >> net->bits % 8);
	differ = addr->byte[whole] ^ net->addr.byte[whole];
	return (differ & mask) == 0;
}

bool
ip_is_loopback(const struct ip_addr *addr)
{
	static const uint8_t	 one[16] = { [15] = 1 };

	if (addr->family == AF_INET)
		return addr->byte[0] == 127;
	return addr->family == AF_INET6 && memcmp(addr->byte, one, 16) == 0;
}

void
ip_write(const struct ip_addr *addr, char *out)
{
	out[0] = '\0';
	if (addr->family != AF_INET && addr->family != AF_INET6)
		return;
	if (inet_ntop(addr->family, addr->byte, out, ADDR_IP_MAX) == NULL)
		out[0] = '\0';
}
