# What a Windows host needs, as one folder in a zip; the file's times are the last commit's,
# so that the same tree makes the same bytes.

DIST_WINDOWS := $(B)/landbridge-windows.zip
.PHONY: dist-windows
dist-windows: $(DIST_WINDOWS)
$(DIST_WINDOWS): scripts/dist-windows $(B)/landbridge.exe $(B)/init $(wildcard scripts/windows/*)
	$(say) ZIP $@
	$(Q)$(PYTHON) scripts/dist-windows $@ $(filter-out $<,$^)
