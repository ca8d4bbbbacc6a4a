# auto_failback on means back to the preferred node when that returns from death or a stop, not after a hb_standby (7.1):
# what an operator has moved stays where it is, until the preferred node begins a new life.
nodes lb1* lb2    keepalive 1s  deadtime 5s  initdead 10s
run 5.3s
standby lb1 all
run 30s
----
0.003 lb2 peer-alive lb1 after start
0.003 lb1 peer-alive lb2 after start
0.003 lb1 takeover nobody has it
0.033 lb1 vip-up 192.0.2.10
5.310 lb1 vip-down 192.0.2.10
5.340 lb2 takeover lb1 gave it
5.370 lb2 vip-up 192.0.2.10

stop lb1
run 10s
start lb1
run 10s
----
40.301 lb2 peer-dead lb1
40.301 lb2 link-dead lb1 eth0
45.303 lb2 peer-alive lb1 after death
45.303 lb1 peer-alive lb2 after start
45.314 lb2 vip-down 192.0.2.10
45.344 lb1 takeover lb2 gave it
45.374 lb1 vip-up 192.0.2.10
