/*
 * IP addresses and networks: pure functions over bounded text.  Nothing here
 * allocates, reads a descriptor or logs.
 */
#ifndef IP_H
#define IP_H

#include <stdbool.h>
#include <stdint.h>

#define ADDR_IP_MAX	46	/* bytes of a printed IP address and its NUL */

/* An IP address; family is AF_INET, AF_INET6 or AF_UNSPEC (not known). */
struct ip_addr {
	int	 family;
	uint8_t	 byte[16];	/* network order; 4 used for AF_INET */
};

struct ip_net {
	struct ip_addr	 addr;
	unsigned int	 bits;
};

/*
 * Read an IP address in text, all of it; no zone, no port, no brackets.  An
 * IPv4-mapped IPv6 address becomes the IPv4 address.  0, or -1 (the address
 * is then AF_UNSPEC).
 */
int	 ip_read(const char *, struct ip_addr *);

/*
 * Read ADDRESS or ADDRESS/BITS.  0; -1 where it is neither; 1 where bits are
 * set behind the prefix (net holds what would be right, with them cleared).
 */
int	 ip_net_read(const char *, struct ip_net *);

/* What is not known equals nothing and lies in no network. */
bool	 ip_equal(const struct ip_addr *, const struct ip_addr *);
bool	 ip_in_net(const struct ip_addr *, const struct ip_net *);
bool	 ip_is_loopback(const struct ip_addr *);

/* Text of an address into ADDR_IP_MAX bytes; "" where it is not known. */
void	 ip_write(const struct ip_addr *, char *);

#endif
