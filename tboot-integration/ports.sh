# Ports for what listens on this machine: source this file.
# shellcheck shell=bash

# free_port [COUNT]: the first of so many successive ports that nobody has, neither by UDP nor by TCP, and that no
# connection is given by itself (those are from 32768 on).
free_port()
{
	local count=${1:-1} port i
	for _ in {1..100}; do
		port=$((20000 + RANDOM % (12000 - count)))
		for ((i = 0; i < count; i++)); do
			grep -qih ":$(printf %04X $((port + i))) " /proc/net/{udp,udp6,tcp,tcp6} 2>/dev/null && continue 2
		done
		break
	done
	echo $port
}
