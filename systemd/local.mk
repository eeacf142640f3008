# SPDX-License-Identifier: BSD-2-Clause
# Made here, not by configure: the paths are known to make only.
UNITS = systemd/wgbgp.service systemd/wgbgp-keep-in.service systemd/wgbgp-wait@.service \
	systemd/wgbgp-web.service systemd/wgbgp-events.service
systemdsystemunit_DATA = $(UNITS) $(srcdir)/contrib/wgbgp-drill@.timer systemd/wgbgp-drill@.service
EXTRA_DIST += systemd/wgbgp.service.in systemd/wgbgp-keep-in.service.in systemd/wgbgp-wait@.service.in \
	systemd/wgbgp-web.service.in systemd/wgbgp-events.service.in
CLEANFILES += $(UNITS) systemd/wgbgp-drill@.service
systemd/wgbgp-drill@.service: $(srcdir)/contrib/wgbgp-drill@.service Makefile
	@$(MKDIR_P) systemd
	$(AM_V_GEN)sed -e 's,/usr/bin/,$(bindir)/,g' $(srcdir)/contrib/wgbgp-drill@.service > $@
systemd/wgbgp.service: $(srcdir)/systemd/wgbgp.service.in
systemd/wgbgp-keep-in.service: $(srcdir)/systemd/wgbgp-keep-in.service.in
systemd/wgbgp-wait@.service: $(srcdir)/systemd/wgbgp-wait@.service.in
systemd/wgbgp-web.service: $(srcdir)/systemd/wgbgp-web.service.in
systemd/wgbgp-events.service: $(srcdir)/systemd/wgbgp-events.service.in
$(UNITS): Makefile
	@$(MKDIR_P) systemd
	$(AM_V_GEN)sed -e 's,[@]bindir[@],$(bindir),g' -e 's,[@]sbindir[@],$(sbindir),g' \
		-e 's,[@]sysconfdir[@],$(sysconfdir),g' -e 's,[@]localstatedir[@],$(localstatedir),g' \
		$(srcdir)/$@.in > $@

# How far the units are shut off, as systemd-analyze counts; doc/sandbox.md says why no further.
EXTRA_DIST += systemd/units_test
TESTS += systemd/units_test
