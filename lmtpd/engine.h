/*
 * The engine: one transaction's client bytes in, records out.  It holds no
 * secret, decides nothing and never writes to the client.
 */
#ifndef ENGINE_H
#define ENGINE_H

/*
 * Read commands from the client, hand each to the monitor as a record, spool
 * the message where the monitor permits it, and end with the transaction.
 * Never returns.
 */
_Noreturn void
	 engine_run(int client, int channel);

#endif
