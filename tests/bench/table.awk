# One line of bench's table.  Input: a line for each round, the floor's wall
# and CPU microseconds a message and peak KiB, then lmtpd's.

function median(a, n,	i, j, t)
{
	for (i = 2; i <= n; i++)
		for (j = i; j > 1 && a[j - 1] > a[j]; j--) {
			t = a[j]
			a[j] = a[j - 1]
			a[j - 1] = t
		}
	return n % 2 ? a[(n + 1) / 2] : (a[n / 2] + a[n / 2 + 1]) / 2
}

function size(bytes)
{
	return bytes < 1048576 ? bytes / 1024 " KiB" : bytes / 1048576 " MiB"
}

BEGIN {
	form = "%8s %8s  %-10s %8s %8s %9s %9s  %-18s %5s %6s %8s\n"
	if (head) {
		printf form, "message", "sessions", "connection", "floor/s",
		    "lmtpd/s", "floor ms", "lmtpd ms", "CPU x [min, max]",
		    "bar", "wall x", "peak KiB"
		exit
	}
}

{
	floor_wall[NR] = $1
	floor_cpu[NR] = $2
	wall[NR] = $4
	cpu[NR] = $5
	wall_ratio[NR] = $4 / $1
	cpu_ratio[NR] = $5 / $2
	if ($6 > peak)
		peak = $6
}

END {
	if (head)
		exit
	ratio = median(cpu_ratio, NR)	# sorts it, too
	if (tables) {
		printf "a users table of 1,000,000 rows against 1,000: " \
		    "CPU x %.3f [%.3f, %.3f]  (bar 1.05)\n", ratio,
		    cpu_ratio[1], cpu_ratio[NR]
		exit
	}
	split(cell, c, ":")
	one = (cell ~ /:one/)
	on = (cell ~ /:on$/)
	bar = one ? (on ? "2.3" : "1.7") : (on ? "3.0" : "2.5")
	if (c[1] >= 10485760)
		bar = "1.3"
	printf form, size(c[1]), c[2], (one ? "one" : "each") (on ? " +" : ""),
	    sprintf("%.0f", 1e6 / median(floor_wall, NR)),
	    sprintf("%.0f", 1e6 / median(wall, NR)),
	    sprintf("%.3f", median(floor_cpu, NR) / 1e3),
	    sprintf("%.3f", median(cpu, NR) / 1e3),
	    sprintf("%.2f [%.2f, %.2f]", ratio, cpu_ratio[1], cpu_ratio[NR]),
	    bar, sprintf("%.2f", median(wall_ratio, NR)), peak
}
