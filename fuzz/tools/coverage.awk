# Lines and branches of each fuzzed file, against the goal, from llvm-cov's lcov format. In this order:
# fuzz/exclusions, the names of the fuzzed files, the lcov file. `here`: the prefix of names; `all`: every
# target was replayed, so an exclusion without effect is stale; `lines_goal`, `branches_goal`: per cent.
BEGIN { FS = "\t" }

FILENAME ~ /exclusions$/ {
	if (/^#/ || /^$/)
		next
	if (NF != 3)
		die(FILENAME ":" FNR ": wants path, what and reason, with tabs between")
	n++
	path[n] = $1
	what[n] = $2
	reason[n] = $3
	next
}
FILENAME ~ /fuzzed$/ {
	fuzzed[$1] = 1
	next
}

/^SF:/ { start(substr($0, 4)) }
!wanted { next }
/^FN:/ {
	split(substr($0, 4), part, ",")
	sub(/.*:/, "", part[2])
	begins[part[1]] = part[2]
}
/^DA:/ {
	split(substr($0, 4), part, ",")
	lines++
	if (part[2] > 0)
		lines_hit++
	else
		count_missed(part[1], 0)
}
/^BRDA:/ {
	split(substr($0, 6), part, ",")
	branches++
	if (part[4] ~ /^[1-9]/)
		branches_hit++
	else
		count_missed(part[1], 1)
}
/^end_of_record/ { finish() }

END {
	if (failed)
		exit 2
	print_exclusions()
	printf "%d of %d files reach %d %% of lines and %d %% of branches\n", files - below, files, lines_goal,
		branches_goal
	if (below && !all)
		print "by these targets alone: `all` counts what the others reach of the same files"
	exit below || stale ? 1 : 0
}

function die(text)
{
	print "fuzz: " text >"/dev/stderr"
	failed = 1
	exit 2
}

function start(source,    i, line, number)
{
	name = source
	if (index(name, here) == 1)
		name = substr(name, length(here) + 1)
	wanted = name in fuzzed
	if (!wanted)
		return
	seen[name] = 1
	lines = lines_hit = branches = branches_hit = 0
	delete begins
	delete missed
	delete text
	for (number = 1; (getline line <source) > 0; number++)
		text[number] = line
	close(source)
	last = number - 1
}

function count_missed(line, is_branch)
{
	missed[line, is_branch]++
}

function excluded_by(line,    i)
{
	for (i = 1; i <= n; i++) {
		if (path[i] != name && !(path[i] ~ /\*$/ && index(name, substr(path[i], 1, length(path[i]) - 1)) == 1))
			continue
		if (what[i] == "*" || what[i] == in_function[line] "()")
			return i
		if (what[i] ~ /^\/.*\/$/ && text[line] ~ substr(what[i], 2, length(what[i]) - 2))
			return i
	}
	return 0
}

function finish(    line, of, i, by)
{
	for (line = 1; line <= last; line++) {
		if (line in begins)
			of = begins[line]
		in_function[line] = of
	}
	for (line = 1; line <= last; line++) {
		if (!((line, 0) in missed) && !((line, 1) in missed))
			continue
		by = excluded_by(line)
		if (!by)
			continue
		lines -= missed[line, 0]
		branches -= missed[line, 1]
		lines_out[by] += missed[line, 0]
		branches_out[by] += missed[line, 1]
	}
	print_file()
}

function share(hit, of)
{
	return of ? 100 * hit / of : 100
}

function print_file(    good)
{
	if (!lines)
		return
	good = share(lines_hit, lines) >= lines_goal && share(branches_hit, branches) >= branches_goal
	files++
	below += !good
	printf "%-52s %6d %9.1f %9.1f  %s\n", name, lines, share(lines_hit, lines), share(branches_hit, branches),
		good ? "" : "below"
}

function print_exclusions(    i)
{
	printf "\n%-52s %6s %9s  %s\n", "excluded", "lines", "branches", "because"
	for (i = 1; i <= n; i++) {
		# Of some targets only what is about their files.
		if (!all && !lines_out[i] && !branches_out[i])
			continue
		printf "%-52s %6d %9d  %s\n", path[i] " " what[i], lines_out[i], branches_out[i], reason[i]
		if (all && !lines_out[i] && !branches_out[i]) {
			printf "stale: %s %s excludes nothing that is not reached\n", path[i], what[i]
			stale = 1
		}
	}
	print ""
}
