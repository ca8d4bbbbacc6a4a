# The owner's service LAN is unplugged; its heartbeats still arrive. Fewer ping nodes answer it than the standby: ipfail gives
# the group up two keepalives after both have compared their counts.
nodes lb1* lb2    keepalive 500ms  deadtime 2s  initdead 10s  auto_failback off  pings 192.0.2.1
run 20.3s
----
0.003 lb2 peer-alive lb1 after start
0.003 lb1 peer-alive lb2 after start
0.003 lb1 peer-alive 192.0.2.1 after start
0.003 lb2 peer-alive 192.0.2.1 after start
0.003 lb1 takeover nobody has it
0.033 lb1 vip-up 192.0.2.10

unplug lb1
run 10s
----
22.044 lb1 peer-dead 192.0.2.1
23.056 lb1 vip-down 192.0.2.10
23.086 lb2 takeover lb1 gave it
23.116 lb2 vip-up 192.0.2.10

# It is plugged in again: as many answer now, so nobody gives up anything; auto_failback is off.
plug lb1
run 10s
----
30.588 lb1 peer-alive 192.0.2.1 after death

# The ping node itself dies: no node is answered by more than the other, and the owner keeps what it has.
unplug lb1
unplug lb2
run 10s
----
42.088 lb1 peer-dead 192.0.2.1
42.127 lb2 peer-dead 192.0.2.1
