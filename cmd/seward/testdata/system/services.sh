# What an unmodified Debian does under its own policy: run in it as initrc_t.
exec 2>&1
say() { echo "== $*"; }

# As an administrator would have prepared the machine.
useradd -m -s /bin/bash joe
mkdir -p /root/.ssh /home/joe/.ssh
cp /root/key.pub /root/.ssh/authorized_keys
cp /root/key.pub /home/joe/.ssh/authorized_keys
chown -R joe: /home/joe/.ssh
restorecon -R /root /home
echo '@reboot root (id -Z; cat /proc/self/attr/prev) > /var/tmp/cron.out 2>&1' > /etc/cron.d/once
echo secret > /var/www/html/secret.html
chcon -t shadow_t /var/www/html/secret.html

say services
for service in cron nginx postgresql ssh; do
	/etc/init.d/$service start >/dev/null && echo "$service started"
done

say domains
for i in $(seq 100); do
	ps -eo comm= | grep -q walwriter && [ -s /var/tmp/cron.out ] && break
	ps -eo args= | grep -q '[w]alwriter' && [ -s /var/tmp/cron.out ] && break
	sleep 0.1
done
ps -eo label=,comm= | grep system_r: | grep -v -w -e kernel_t -e initrc_t | awk '{print $2, $1}' | sort -u

say cron
tr '\0' '\n' </var/tmp/cron.out
stat -c %C /var/tmp/cron.out

say nginx
curl -s http://127.0.0.1/ | grep -i '<title>'
curl -s -o /dev/null -w '%{http_code}\n' http://127.0.0.1/secret.html

say postgres
su postgres -c 'psql -Atc "create table t as select generate_series(1,1000) as n; select sum(n) from t"'
stat -c '%C %n' /var/lib/postgresql/15/main/PG_VERSION /run/postgresql/.s.PGSQL.5432

say ssh
ssh='ssh -q -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -i /root/key'
for user in root joe; do
	$ssh $user@127.0.0.1 'id -un; id -Z; cat /etc/shadow >/dev/null && echo reads shadow'
done
$ssh -tt joe@127.0.0.1 'stat -c %C $(tty)' | tr -d '\r'

say mode
getenforce
sestatus | grep -e 'Loaded policy' -e 'Current mode'
for service in ssh postgresql nginx cron; do
	/etc/init.d/$service stop >/dev/null
done
say end
