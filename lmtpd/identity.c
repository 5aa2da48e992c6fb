/*
 * The sender whom an envelope sender stands for.  The address is the sender's
 * own text; what mapping makes of it counts only where it is an address still.
 */
#include <string.h>

#include "addr.h"
#include "identity.h"
#include "idn.h"

/*
 * The identity's domain as A-labels; as it is where it has none.  UTS 46 maps
 * some characters to "@" and the like: a@evil.example<U+FF20>example.com must
 * not become a sender of example.com.
 */
int
identity_of(const char *sender, char *identity)
{
	char ascii[ADDR_MAX], mapped[ADDR_MAX];
	size_t at;
	int rc;

	addr_identity(sender, identity);
	at = addr_domain(identity) - identity;
	rc = idn_to_ascii(identity + at, ascii, sizeof(ascii));
	if (rc == -2)
		return -1;
	if (rc != 0 || at + strlen(ascii) >= ADDR_MAX)
		return 0;
	memcpy(mapped, identity, at);
	strlcpy(mapped + at, ascii, ADDR_MAX - at);
	if (addr_valid(mapped))
		strlcpy(identity, mapped, ADDR_MAX);
	return 0;
}
