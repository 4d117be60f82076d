#!/bin/sh
# What a build machine does, the same each time: compile, link, run, pack, unpack, find, grep, sort, hash.
#   mix.sh ROUNDS
set -eu
place=$(mktemp -d "${TMPDIR:-/tmp}/vedette-mix-XXXXXX")
trap 'rm -rf "$place"' EXIT INT TERM
cd "$place"
units='1 2 3 4 5 6 7 8 9 10 11 12'
for round in $(seq "$1"); do
	mkdir -p "in$round" "out$round" "again$round"
	: >"in$round/units.h"
	for unit in $units; do
		cat >"in$round/unit$unit.c" <<C
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int unit$unit(int count)
{
	int *values = calloc((size_t)count, sizeof(*values)), sum = 0;

	for (int i = 0; i < count; i++)
		values[i] = i * $unit + $round;
	for (int i = 0; i < count; i++)
		sum ^= values[i * 7919 % count];
	free(values);
	return sum;
}
C
		echo "int unit$unit(int count);" >>"in$round/units.h"
		cc -O1 -c -o "out$round/unit$unit.o" "in$round/unit$unit.c"
	done
	{
		printf '#include <stdio.h>\n#include "units.h"\nint main(void)\n{\n\tint sum = 0;\n\n'
		for unit in $units; do echo "	sum ^= unit$unit(1000);"; done
		printf '\tprintf("%%d", sum);\n\treturn 0;\n}\n'
	} >"in$round/main.c"
	cc -O1 "-Iin$round" -o "out$round/program" "in$round/main.c" "out$round"/unit*.o
	"out$round/program" >"out$round/result"
	for number in $(seq 200); do
		echo "round $round file $number" >"out$round/data$number"
	done
	tar -czf "pack$round.tgz" "in$round" "out$round"
	tar -xzf "pack$round.tgz" -C "again$round"
	find "again$round" -type f -name 'data*' -exec cat {} + | sort -k4n | awk '{ sum += $4 } END { print sum }' >"sum$round"
	grep -rl 'file 1' "again$round" | wc -l >>"sum$round"
	sha256sum "again$round/out$round"/data* >"hash$round"
done
