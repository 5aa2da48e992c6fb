/*
 * nodemailer's smtp-connection as an LMTP client of a unix socket: sends one
 * message and prints what it makes of the replies, as JSON.
 *
 *	send.js SOCKET FILE FROM TO...
 */
"use strict";

const fs = require("fs");
const net = require("net");
const SMTPConnection = require("nodemailer/lib/smtp-connection");

const [path, file, from, ...to] = process.argv.slice(2);

/* Replies to RCPT come as errors; those after the message come with them, but
   where they are all there is, only as recipients that are rejected. */
function report(error, info) {
	const said = {};

	for (const e of (error || info).rejectedErrors || [])
		said[e.recipient] = e.response;
	console.log(JSON.stringify({
		accepted: info ? info.accepted : [],
		rejected: info ? info.rejected : error.rejected,
		said: said
	}));
}

const socket = net.connect(path, () => {
	const lmtp = new SMTPConnection({
		lmtp: true, connection: socket, name: "client.example.com"
	});

	lmtp.on("error", (error) => {
		report(error);
		process.exit(1);
	});
	lmtp.connect(() => {
		const utf8 = /[^\x00-\x7f]/.test(from + to);

		lmtp.send({ from, to, use8BitMime: true, smtpUtf8: utf8 },
		    fs.createReadStream(file), (error, info) => {
			report(error, info);
			lmtp.quit();
		});
	});
});
