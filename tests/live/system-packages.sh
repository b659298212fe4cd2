#!/bin/sh
# Debian packages that live tests need, without starting any system daemon, now or at boot.
# Installs them where that needs no question (root, or sudo without a password), else names them.
set -eu

missing=""
for package in "$@"; do
    dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

please() {
    echo "please install:$missing; without them the tests that need them are skipped ($1)" >&2
    exit 0
}

if ! command -v apt-get >/dev/null 2>&1; then
    echo "not installed, and this is no Debian:$missing; tests that need them are skipped" >&2
    exit 0
fi
if [ "$(id -u)" = 0 ]; then
    as_root=""
elif sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    please "needs root"
fi

# Packages ask this file whether they may start their daemons: no, but only while we install.
policy=/usr/sbin/policy-rc.d
ours=""
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
    $as_root chmod 755 "$policy"
    ours=yes
else
    allowed=0
    $as_root "$policy" any start >/dev/null 2>&1 || allowed=$?
    [ "$allowed" = 101 ] || please "$policy would let daemons start"
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
# Never at the price of a package that is there: MySQL and MariaDB exclude each other.
# shellcheck disable=SC2086 - a list of packages
DEBIAN_FRONTEND=noninteractive $as_root apt-get -qq install --yes --no-remove \
    --no-install-recommends $missing >/dev/null || please "apt-get failed"

# What was not there before does not start at the next boot either: a test's sshd is no service.
command -v systemctl >/dev/null 2>&1 || exit 0
for package in $missing; do
    dpkg -L "$package" | sed -n 's,^\(/usr\)\?/lib/systemd/system/\([^/@]*\.\(service\|socket\)\)$,\2,p'
done | while read -r unit; do
    $as_root systemctl disable --quiet "$unit" >/dev/null 2>&1 || true
done
