# With a fence device nobody takes over on silence alone: the owner's power is cut first, and only the device's word
# counts.
nodes lb1* lb2    keepalive 1s  deadtime 5s  initdead 10s  fence on
run 20.5s
----
0.003 lb2 peer-alive lb1 after start
0.003 lb1 peer-alive lb2 after start
0.003 lb1 takeover nobody has it
0.033 lb1 vip-up 192.0.2.10

cut
run 10s
----
22.504 lb1 peer-late lb2
22.544 lb2 peer-late lb1
25.004 lb1 peer-dead lb2
25.004 lb1 link-dead lb2 eth0
25.044 lb2 peer-dead lb1
25.044 lb2 fence lb1
25.044 lb2 link-dead lb1 eth0
26.044 lb1 vip-down 192.0.2.10
26.044 lb2 fenced lb1
26.044 lb2 takeover lb1 is gone
26.074 lb2 vip-up 192.0.2.10

# The standby held nothing when it fell silent: nobody shoots it, the owner goes on.
heal
boot lb1
run 10s
----
30.503 lb2 peer-alive lb1 after death
30.503 lb1 peer-alive lb2 after start
30.513 lb2 vip-down 192.0.2.10
30.544 lb1 takeover lb2 gave it
30.574 lb1 vip-up 192.0.2.10

crash lb2
run 10s
----
42.045 lb1 peer-late lb2
44.545 lb1 peer-dead lb2
44.545 lb1 link-dead lb2 eth0
