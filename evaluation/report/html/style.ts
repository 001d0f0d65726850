/** The whole style of the report. Colours of variants are `--v0` …; they are never the only sign. */
export const STYLE = `
:root{color-scheme:light dark;--bg:#f4f6f9;--card:#fff;--ink:#18202c;--soft:#566174;--line:#dde2ea;--chip:#eef1f6;
--v0:#5b6b82;--v1:#4338ca;--v2:#0f766e;--v3:#b45309;--v4:#9d174d;--pass:#15803d;--fail:#b91c1c;--open:#a15c07;
--pass-soft:#e7f6ec;--fail-soft:#fdecec;--open-soft:#fdf3e1;--hit:67,56,202;--miss:217,119,6}
@media (prefers-color-scheme:dark){:root{--bg:#0d1219;--card:#151c26;--ink:#e7ecf3;--soft:#9daabb;--line:#2a3443;--chip:#1f2936;
--v0:#a3b1c6;--v1:#a5b4fc;--v2:#5eead4;--v3:#fdba74;--v4:#f9a8d4;--pass:#4ade80;--fail:#fca5a5;--open:#fcd34d;
--pass-soft:#10261a;--fail-soft:#2c1517;--open-soft:#2a2110;--hit:129,140,248;--miss:245,158,11}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"PingFang SC","Hiragino Sans GB","Microsoft YaHei","Noto Sans CJK SC",sans-serif}
main,header,footer{max-width:1000px;margin:0 auto;padding:0 16px}
header{padding-top:28px}
header p{margin:0;color:var(--soft);font-size:14px}
h1{font-size:26px;line-height:1.25;margin:2px 0 14px;overflow-wrap:anywhere}
h2{font-size:18px;margin:0 0 12px}
h3{font-size:15px;margin:18px 0 8px}
section,.verdict{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:18px;margin:16px 0;overflow-wrap:anywhere}
p{margin:0 0 10px}
.soft,small{color:var(--soft)}
small{font-size:12.5px}
code{font:13px/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;background:var(--chip);border-radius:4px;padding:1px 5px}
.verdict{border-left-width:6px}
.verdict .word{display:inline-block;font-weight:700;letter-spacing:.06em;font-size:20px;margin-bottom:4px}
.verdict .why{font-size:17px;margin:0}
.PASS{border-left-color:var(--pass);background:var(--pass-soft)}.PASS .word{color:var(--pass)}
.FAIL{border-left-color:var(--fail);background:var(--fail-soft)}.FAIL .word{color:var(--fail)}
.UNDECIDED{border-left-color:var(--open);background:var(--open-soft)}.UNDECIDED .word{color:var(--open)}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(130px,1fr));gap:10px;margin:16px 0 0;padding:0}
.facts div{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:10px 12px}
.facts dt{color:var(--soft);font-size:13px}.facts dd{margin:0;font-size:21px;font-weight:650;font-variant-numeric:tabular-nums}
.facts dd small{display:block;font-weight:400}
.variants{display:grid;grid-template-columns:repeat(auto-fit,minmax(240px,1fr));gap:12px}
.variant{border:1px solid var(--line);border-top:4px solid var(--v);border-radius:10px;padding:12px}
.variant h3{margin:0 0 6px}
.pairs{display:grid;grid-template-columns:max-content 1fr;gap:3px 14px;margin:0;font-size:14.5px}
.pairs dt{color:var(--soft)}.pairs dd{margin:0;min-width:0}
.scroll{overflow-x:auto;margin:0 -4px;padding:2px 4px}
.scroll:focus-visible{outline:2px solid var(--v1);border-radius:6px}
table{border-collapse:collapse;font-size:14.5px;font-variant-numeric:tabular-nums;overflow-wrap:normal}
table.wide{width:100%}
caption{text-align:left;white-space:nowrap;color:var(--soft);font-size:13.5px;padding-bottom:6px}
th,td{padding:6px 10px;text-align:right;border-bottom:1px solid var(--line);vertical-align:top}
th:first-child,td:first-child{text-align:left;padding-left:2px}
thead th{color:var(--soft);font-weight:600;white-space:nowrap}
tbody th{font-weight:400}
tbody tr.group th{font-weight:650;padding-top:14px}
td small{display:block;white-space:nowrap}
.mark{display:inline-block;width:10px;height:10px;border-radius:3px;background:var(--v);margin-right:6px}
figure{margin:0 0 12px}figure:last-child{margin-bottom:0}figcaption{color:var(--soft);font-size:13.5px;margin-top:6px}
svg{display:block;width:100%;overflow:visible}
svg text{font-size:12px;fill:var(--soft);font-family:inherit;font-variant-numeric:tabular-nums}
svg .name{fill:var(--ink);font-size:13px}svg .halo{paint-order:stroke;stroke:var(--pass-soft);stroke-width:5px;stroke-linejoin:round}
.matrices{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,var(--least,300px)),1fr));gap:18px 24px}.matrices h3{margin-top:4px}
.matrix td,.matrix th{border:2px solid var(--card);text-align:center;padding:7px 7px;min-width:50px;max-width:120px;overflow-wrap:break-word}.matrix thead th{vertical-align:bottom;font-size:13.5px}
.matrix tbody th{text-align:left;border-left:0}.matrix thead th{white-space:normal}
.matrix td{border-radius:6px}.matrix .hit{font-weight:700}
ul.cases{list-style:none;margin:0;padding:0}
.cases li{border:1px solid var(--line);border-left:4px solid var(--c);border-radius:8px;padding:10px 12px;margin:0 0 8px}
.cases .head{display:flex;flex-wrap:wrap;gap:4px 12px;font-size:13.5px;color:var(--soft)}
.cases .right{color:var(--pass)}.cases .wrong{color:var(--fail)}.cases .id{margin-left:auto}
.cases b{color:var(--ink);font-weight:600}
.cases .text{white-space:pre-wrap;margin:6px 0 0;font-size:15px}
.lost{--c:var(--fail)}.gained{--c:var(--pass)}
details{margin:10px 0 0}summary{cursor:pointer;color:var(--v1);padding:4px 0;font-size:14.5px}
details>ul{margin-top:8px}
div+p.soft{margin-top:10px}ul.plain{margin:0;padding-left:20px}ul.plain li{margin-bottom:6px}
footer{color:var(--soft);font-size:13px;padding-bottom:36px}
@media (min-width:720px){h1{font-size:30px}.wide td small{display:inline-block;min-width:86px;margin-left:10px}.wide tbody tr:hover{background:var(--chip)}section,.verdict{padding:22px 26px}}
@media (max-width:420px){main,header,footer{padding-left:10px;padding-right:10px}section,.verdict{padding:14px}th,td{padding:6px 6px}}
@media print{body{background:#fff}section,.verdict{break-inside:avoid}}
`;
