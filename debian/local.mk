# SPDX-License-Identifier: BSD-2-Clause
# Debian's packages: scripts/package-test builds and tries them.
EXTRA_DIST += debian/changelog debian/control debian/copyright debian/rules debian/source/format \
	debian/tests/control debian/tests/installed debian/tests/routed-ping \
	debian/wgbgp-web.install debian/wgbgp-web.postinst debian/wgbgp-web.postrm \
	debian/wgbgp-doc.doc-base debian/wgbgp-doc.install \
	debian/wgbgp.README.Debian debian/wgbgp.conf debian/wgbgp.dirs debian/wgbgp.docs \
	debian/wgbgp.install debian/wgbgp.lintian-overrides \
	debian/wgbgp.postinst debian/wgbgp.postrm debian/wgbgp.prerm \
	scripts/package-files scripts/package-roots scripts/package-test
EXTRA_DIST += debian/version_test
TESTS += debian/version_test
