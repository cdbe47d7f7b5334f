# Programs that only tests use.
HOST_PROGRAMS += vmkflood
vmkflood_SRCS := tests/boot/flood.c
