# make lint: everything that finds faults without running the program.

C_FILES = $(ALL_SRC) $(TEST_SRC) $(FUZZ_SRC) $(BENCH_SRC)
FORMAT_FILES = $(C_FILES) $(wildcard lib/musl/*.[ch] lib/musl/*/*.c) $(WIN_SRC) $(wildcard $(addsuffix /*.h,$(WIN) $(FOLDERS) $(FOLDERS:%=%/test))) \
	$(wildcard rootfs-tests/*/*.[ch] rootfs-tests/*.c interop/link/test/vectors/*.c bench/guest/*.c)
SHELL_FILES = .ci/run $(shell grep -lm1 '^#!/bin/\(ba\)\?sh' scripts/* bench/* rootfs-tests/* rootfs-tests/p9/* \
	rootfs-tests/p9/suite/* 2>/dev/null)
LINT_INCLUDES := -isystem $(LIBNL_SRC)/include $(BEARSSL_INC)

LINT_GCC_FLAGS := $(filter-out -MMD -MP,$(COMMON)) $(LINT_INCLUDES) -O2 -Werror -MMD -MP
LINT_CLANG_FLAGS := $(LINT_GCC_FLAGS) -Wno-error=unused-command-line-argument
# Tests may use what a program must not, and long tables.
TIDY_TESTS := --checks=-cert-env33-c,-cert-err34-c,-clang-analyzer-security.insecureAPI.strcpy,-readability-function-size,-bugprone-suspicious-include

define lint_objects # directory, compiler, flags variable
.PRECIOUS: $(B)/lint/$1/%.o
$(B)/lint/$1/%.o: %.c $(B)/config.h $(B)/$3.flags $(LIBNL_SRC)/.ready $(BEARSSL_SRC)/.ready
	@mkdir -p $$(@D)
	$$(Q)$2 $$($3_FLAGS) $$(call warn,$$<) -c -o $$@ $$<
endef
$(eval $(call lint_objects,gcc,$(CC),LINT_GCC))
$(eval $(call lint_objects,clang,$(CLANG),LINT_CLANG))

# After clang's object, so that a changed header counts here too.
$(B)/lint/tidy/%: %.c $(B)/lint/clang/%.o .clang-tidy
	$(say) TIDY $<
	@mkdir -p $(@D)
	$(Q)clang-tidy --quiet $(if $(findstring /test/,$<),$(TIDY_TESTS)) $< -- -std=c11 -D_GNU_SOURCE -I. -include $(B)/config.h \
		$(LINT_INCLUDES) 2>$@.log || { cat $@.log; false; }
	@touch $@

.PHONY: lint lint-format lint-warnings lint-tidy lint-cppcheck lint-scripts lint-house format
lint: lint-format lint-house lint-scripts lint-warnings lint-cppcheck lint-tidy
	@echo 'lint: clean ($(words $(C_FILES)) C files)'

lint-format:
	$(Q)clang-format --dry-run --Werror $(FORMAT_FILES)
format:
	$(Q)clang-format -i $(FORMAT_FILES)
lint-house:
	@scripts/check-house
lint-scripts:
	$(Q)shellcheck $(wildcard $(SHELL_FILES))
	$(Q)$(PYTHON) -c 'import ast,sys; [ast.parse(open(f).read(), f) for f in sys.argv[1:]]' \
		$(shell grep -ls '^#!.*python3' scripts/*) $(wildcard rootfs-tests/*.py bench/*.py)
lint-warnings: $(C_FILES:%.c=$(B)/lint/gcc/%.o) $(C_FILES:%.c=$(B)/lint/clang/%.o)
lint-tidy: $(C_FILES:%.c=$(B)/lint/tidy/%)

# The same for what is only for Windows. Without a sysroot clang looks beside the compiler in
# PATH, where ccache may stand.
win_posix = $(if $(filter $(WIN_POSIX_SRC),$1),$(WIN_POSIX))
lint-warnings: $(WIN_SRC:%.c=$(B)/lint/win/%.o)
$(B)/lint/win/%.o: %.c $(B)/config.h $(BEARSSL_SRC)/.ready
	@mkdir -p $(@D)
	$(Q)$(MINGW_CC) $(WIN_FLAGS) $(call win_posix,$<) $(MINGW_WARN) -Werror -c -o $@ $<
lint-tidy: $(WIN_SRC:%.c=$(B)/lint/wintidy/%)
$(B)/lint/wintidy/%: %.c $(B)/lint/win/%.o .clang-tidy
	$(say) TIDY $<
	@mkdir -p $(@D)
	$(Q)clang-tidy --quiet $< -- --target=x86_64-w64-mingw32 --sysroot=/usr -std=c11 -D_GNU_SOURCE -I. -include $(B)/config.h \
		$(BEARSSL_INC) $(call win_posix,$<) 2>$@.log || { cat $@.log; false; }
	@touch $@

CPPCHECK = cppcheck -q --std=c11 --enable=warning,performance,portability --error-exitcode=1 --inline-suppr \
	--suppress=ctuuninitvar --suppress=missingInclude --suppress=missingIncludeSystem -D_GNU_SOURCE -I. --include=$(B)/config.h
lint-cppcheck: $(B)/config.h
	@mkdir -p $(B)/lint/cppcheck
	$(Q)$(CPPCHECK) -j2 --cppcheck-build-dir=$(B)/lint/cppcheck --platform=unix64 $(ALL_SRC)
	$(Q)$(CPPCHECK) --platform=win64 -D_WIN32 $(WIN_SRC)
