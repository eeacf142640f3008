# SPDX-License-Identifier: BSD-2-Clause
EXTRA_DIST += contrib/wgbgp-cli.bash \
	contrib/wgbgp-drill@.service contrib/wgbgp-drill@.timer \
	contrib/wgbgp-networkd.conf
dist_bin_SCRIPTS = contrib/wgbgp-mesh

# A check for Nagios and its like, where their plugins are.
pluginsdir = $(prefix)/lib/nagios/plugins
dist_plugins_SCRIPTS = contrib/check_wgbgp

# Alert rules of Prometheus and a dashboard of Grafana, to be used as they are.
alertsdir = $(docdir)/examples
dist_alerts_DATA = contrib/prometheus/wgbgp.rules.yml contrib/grafana/wgbgp.json
EXTRA_DIST += contrib/alerts_test contrib/prometheus/wgbgp.rules_test.yml
TESTS += contrib/alerts_test

# Containers: an image, how it is run, a DaemonSet; contrib/container/test runs two of them.
EXTRA_DIST += contrib/container/image contrib/container/run contrib/container/test \
	contrib/kubernetes/manifest_test contrib/kubernetes/wgbgp.yaml
TESTS += contrib/kubernetes/manifest_test

# One file serves all programs: bash-completion looks for the name of the command.
bashcompdir = $(datadir)/bash-completion/completions
BASHCOMP_ALSO = wgbgpd wgbgp-events wgbgp-mesh wgbgp-web
install-data-hook:
	$(MKDIR_P) $(DESTDIR)$(bashcompdir)
	$(INSTALL_DATA) $(srcdir)/contrib/wgbgp-cli.bash $(DESTDIR)$(bashcompdir)/wgbgp-cli
	for name in $(BASHCOMP_ALSO); do ln -sf wgbgp-cli $(DESTDIR)$(bashcompdir)/$$name; done
uninstall-hook:
	for name in wgbgp-cli $(BASHCOMP_ALSO); do rm -f $(DESTDIR)$(bashcompdir)/$$name; done

EXTRA_DIST += contrib/completion_test
TESTS += contrib/completion_test
