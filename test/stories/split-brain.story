# All media are cut. Without a fence or a third voice each side must believe that the other is dead: two owners are
# unavoidable. When one medium is healed, the preferred node keeps the VIP without a gap and the other lets go.
nodes lb1* lb2    keepalive 1s  deadtime 5s  initdead 10s  media eth0,eth1
run 20.5s
----
0.002 lb1 peer-alive lb2 after start
0.002 lb2 peer-alive lb1 after start
0.003 lb1 takeover nobody has it
0.033 lb1 vip-up 192.0.2.10

cut
run 20s
----
22.504 lb1 peer-late lb2
22.544 lb2 peer-late lb1
25.004 lb1 peer-dead lb2
25.004 lb1 link-dead lb2 eth1
25.004 lb1 link-dead lb2 eth0
25.044 lb2 peer-dead lb1
25.044 lb2 link-dead lb1 eth1
25.044 lb2 takeover lb1 is gone
25.044 lb2 link-dead lb1 eth0
25.074 lb2 vip-up 192.0.2.10

heal eth1
run 10s
----
41.044 lb2 peer-alive lb1 after partition
41.044 lb2 split-brain lb1 and this node both have ctsync: this node releases it
41.044 lb2 vip-down 192.0.2.10
41.044 lb2 healed ctsync has one owner again
41.044 lb1 peer-alive lb2 after partition
