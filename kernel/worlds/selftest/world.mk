WORLDS += selftest
selftest_SRCS := $(wildcard kernel/worlds/selftest/*.c)
selftest_CFLAGS := $(WARN)
selftest_MANIFEST := kernel/worlds/selftest/selftest.manifest
