WORLDS += places
places_SRCS := kernel/worlds/places/main.c
places_CFLAGS := $(WARN)
places_MANIFEST := kernel/worlds/places/places.manifest
