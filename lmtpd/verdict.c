/*
 * The words for every verdict: one table, so that client, log and the
 * dry run never tell different stories.  Pure.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include "verdict.h"

#define NOT_AUTHORISED	"sender not authorised "

static const struct reason_words words[REASONS] = {
	[REASON_OK] = { "ok", 250, "2.1.5", "recipient ok" },
	[REASON_NO_CHANNEL] = { "no-channel", 550, "5.1.1",
	    "no channel takes this recipient" },
	[REASON_BAD_NUMBER] = { "bad-number", 553, "5.1.3",
	    "not a telephone number" },
	[REASON_NULL_SENDER] = { "null-sender", 550, "5.7.1",
	    NOT_AUTHORISED "(null sender)" },
	[REASON_NOT_REGISTERED] = { "not-registered", 550, "5.7.1",
	    NOT_AUTHORISED "(not registered)" },
	[REASON_REWRITTEN] = { "rewritten-sender", 550, "5.7.1",
	    NOT_AUTHORISED "(rewritten by a forwarder)" },
	[REASON_CHANNEL_OFF] = { "channel-not-active", 550, "5.7.1",
	    NOT_AUTHORISED "(channel not active)" },
	[REASON_NUMBER_NOT_ALLOWED] = { "number-not-allowed", 550, "5.7.1",
	    NOT_AUTHORISED "(number not allowed)" },
	[REASON_SECURITY] = { "security-failed", 550, "5.7.1",
	    NOT_AUTHORISED "(not from this place)" },
	[REASON_STRING] = { "string-missing", 550, "5.7.1",
	    NOT_AUTHORISED "(no security string)" },
	[REASON_SPF_FAIL] = { "spf-fail", 550, "5.7.23",
	    NOT_AUTHORISED "(SPF fail)" },
	[REASON_SPF_PERMERROR] = { "spf-permerror", 550, "5.7.24",
	    NOT_AUTHORISED "(SPF record is broken)" },
	[REASON_DNS] = { "dns", 451, "4.7.24",
	    "the DNS did not tell whether the sender is authorised" },
	[REASON_NOT_VERIFIED] = { "domain-not-verified", 550, "5.7.1",
	    NOT_AUTHORISED "(domain not verified)" },
	[REASON_CLIENT_UNKNOWN] = { "client-unknown", 451, "4.7.1",
	    "client address unknown, cannot authorise yet" },
	[REASON_LOOP] = { "loop", 554, "5.4.6",
	    "too many hops, mail is looping" },
	[REASON_AUTO_REPLY] = { "auto-reply", 550, "5.7.1",
	    "automatic replies are not taken here" },
	[REASON_DASH] = { "leading-dash", 553, "5.1.3",
	    "address begins with '-', which the backend cannot take" },
	[REASON_KEYWORD] = { "keyword", 250, "2.0.0", "keyword taken" },
	[REASON_WRONG_KEYWORD] = { "wrong-keyword", 550, "5.1.1",
	    "no such recipient" },
	[REASON_TOO_MANY] = { "too-many-recipients", 452, "4.5.3",
	    "too many recipients" },
	[REASON_TOO_LARGE] = { "too-large", 552, "5.3.4",
	    "message too large" },
	[REASON_BARE] = { "bare-line-end", 550, "5.6.0",
	    "message holds a bare CR, a bare LF or a NUL" },
	[REASON_HEADER] = { "header-too-large", 550, "5.6.0",
	    "message header has too many bytes or fields" },
	[REASON_DISK_FULL] = { "disk-full", 452, "4.3.1",
	    "no room for the message now" },
	[REASON_ENGINE] = { "engine-failed", 451, "4.3.0",
	    "internal failure while receiving" },
	[REASON_INTERNAL] = { "internal", 451, "4.3.0",
	    "internal failure" },
	[REASON_CLIENT_GONE] = { "client-gone", 451, "4.4.2",
	    "client has gone" },
	[REASON_REMEMBERED] = { "remembered", 250, "2.0.0",
	    "delivered before" },
	[REASON_HELD] = { "held", 451, "4.3.0",
	    "this message is being delivered now" },
	[REASON_RATE] = { "rate", 451, "4.7.1",
	    "too many messages for now" },
	[REASON_TEXT] = { "no-text", 554, "5.6.0",
	    "no text can be taken out of this message" },
	[REASON_TEXT_REFUSED] = { "text-refused", 550, "5.6.0",
	    "no text in this message" },
	[REASON_DELIVERED] = { "delivered", 250, "2.0.0", "delivered" },
	[REASON_DATA] = { "backend-data", 554, "5.6.0",
	    "message not accepted by the backend" },
	[REASON_NO_USER] = { "backend-no-user", 550, "5.1.1",
	    "recipient unknown to the backend" },
	[REASON_UNAVAILABLE] = { "backend-unavailable", 554, "5.3.0",
	    "service not available from the backend" },
	[REASON_DENIED] = { "backend-denied", 550, "5.7.1",
	    "refused by the backend" },
	[REASON_FAILED] = { "backend-failed", 451, "4.3.0",
	    "backend failed for now" },
	[REASON_SIGNAL] = { "backend-signal", 451, "4.3.0",
	    "backend failed for now" },
	[REASON_TIMEOUT] = { "backend-timeout", 451, "4.3.0",
	    "backend took too long" },
	[REASON_NOT_STARTED] = { "backend-not-started", 451, "4.3.0",
	    "backend could not be started" },
	[REASON_OVERRIDE] = { "backend-reply", 451, "4.3.0",
	    "backend failed for now" },
	[REASON_TIME_UP] = { "reply-timeout", 451, "4.3.0",
	    "no time left for this recipient" },
	[REASON_STOPPED] = { "stopped", 451, "4.3.2",
	    "service is shutting down" },
};

const struct reason_words *
reason_words(enum reason reason)
{
	return &words[reason];
}

struct reason_words
reason_reply(enum reason reason, const char *enhanced, const char *text)
{
	struct reason_words w = words[reason];

	if (*enhanced == '\0')
		return w;
	w.code = *enhanced == '5' ? 550 : 451;
	w.enhanced = enhanced;
	if (*text != '\0')
		w.text = text;
	return w;
}

bool
reason_is_of_sender(enum reason reason)
{
	return reason == REASON_WRONG_KEYWORD ||
	    (words[reason].code >= 500 && reason >= REASON_NULL_SENDER &&
	    reason <= REASON_AUTO_REPLY);
}

void
trace_step(const struct trace *trace, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	if (trace == NULL || trace->step == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	trace->step(trace->arg, text);
}
