# Checks on the sources themselves.

OUR_HEADERS := $(shell git ls-files -co --exclude-standard -- '*.h' 2>/dev/null | grep -v '^kernel/port/')

.PHONY: check-headers check-format
# Every header compiles alone, so that including it is enough.
check-headers:
	@for h in $(OUR_HEADERS); do \
		$(CC_HOST) $(HOST_CFLAGS) -Wno-unused-function -fsyntax-only -x c -include $$h /dev/null || \
		{ echo "$$h does not compile alone"; exit 1; }; done; echo "$(words $(OUR_HEADERS)) headers compile alone"

check-format:
	@git ls-files -- '*.c' '*.h' | xargs clang-format-19 --dry-run --Werror
