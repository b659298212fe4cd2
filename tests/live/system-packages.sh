#!/bin/sh
# Debian packages that live tests need, without starting any system daemon.
# Installs them where that needs no question (root, or sudo without a password), else names them.
set -eu

missing=""
for package in "$@"; do
    dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "not installed, and this is no Debian:$missing; tests that need them are skipped" >&2
    exit 0
fi
if [ "$(id -u)" = 0 ]; then
    as_root=""
elif sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    echo "please install:$missing; without them the tests that need them are skipped" >&2
    exit 0
fi

# Packages ask this file whether they may start their daemons: no, but only while we install.
policy=/usr/sbin/policy-rc.d
ours=""
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
    $as_root chmod 755 "$policy"
    ours=yes
fi
trap '[ -z "$ours" ] || $as_root rm -f "$policy"' EXIT
case "$missing" in
*postgresql*)
    # the common package first, so that installing the server makes no cluster
    $as_root mkdir -p /etc/postgresql-common
    [ -e /etc/postgresql-common/createcluster.conf ] ||
        echo "create_main_cluster = false" |
        $as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
    ;;
esac
$as_root apt-get -qq update
# shellcheck disable=SC2086 - a list of packages
DEBIAN_FRONTEND=noninteractive $as_root apt-get -qq install --yes --no-install-recommends $missing >/dev/null
