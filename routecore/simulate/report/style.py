"""How the page looks, and the script that draws its charts: on phones, wide screens, in the dark and on paper."""

from __future__ import annotations

from typing import Final

__all__ = ["DARK", "LIGHT", "SCRIPT", "STYLE"]

STYLE: Final = """
:root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--soft:#57606a;--line:#d8dee4;--card:#f6f8fa;--good:#116329;--bad:#a3123a;--warn:#fff4d6;--mark:#0969da}
@media (prefers-color-scheme:dark){:root{--bg:#0f1318;--fg:#e6edf3;--soft:#9aa5b1;--line:#30363d;--card:#171c23;--good:#4cc38a;--bad:#ff8f9e;--warn:#33290f;--mark:#6ea8fe}}
*{box-sizing:border-box}body{margin:0 auto;max-width:1120px;padding:1rem;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,sans-serif}
h1{font-size:1.5rem;margin:.2rem 0}h2{font-size:1.1rem;margin:1.8rem 0 .5rem}p{margin:.4rem 0}.soft,figcaption,small{color:var(--soft)}
.verdict{list-style:none;margin:.8rem 0;padding:0}.verdict li{border-left:4px solid var(--mark);background:var(--card);padding:.5rem .8rem;border-radius:4px;margin:.4rem 0;font-size:1.05rem}
.warn{border-left:4px solid var(--bad);background:var(--warn);padding:.4rem .8rem;border-radius:4px;margin:.4rem 0}
.wide{overflow-x:auto;border:1px solid var(--line);border-radius:8px}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:.35rem .6rem;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}tr:last-child td,tr:last-child th{border-bottom:0}
th:first-child,td:first-child{text-align:left;position:sticky;left:0;background:var(--bg)}thead th{background:var(--card)!important}
tr.group th{background:var(--card)!important;text-align:left;font-size:.85rem;color:var(--soft)}
td small{display:block;max-width:15rem;white-space:normal;margin-left:auto}.good{color:var(--good)}.bad{color:var(--bad)}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,470px),1fr));gap:1rem}figure{margin:0;padding:.6rem;border:1px solid var(--line);border-radius:8px;min-width:0;break-inside:avoid}
figcaption{font-size:.85rem}figure>b{display:block}.chart{width:100%;min-height:60px}.chart svg{max-width:100%;height:auto}.still{background:#fff}
.vega-embed{width:100%}.vega-embed summary{opacity:.5}ul{padding-left:1.2rem}li{margin:.2rem 0;overflow-wrap:anywhere}details{margin:.4rem 0}code{font-size:.9em;overflow-wrap:anywhere}
@media (max-width:480px){body{padding:.6rem;font-size:14px}th,td{padding:.3rem .4rem}th:first-child,td:first-child{white-space:normal;min-width:6.5rem}}
@media print{:root{color-scheme:light;--bg:#fff;--fg:#000;--soft:#444;--line:#bbb;--card:#f4f4f4;--good:#116329;--bad:#a3123a;--warn:#fff}body{max-width:none}
.vega-embed summary{display:none!important}.plots{grid-template-columns:1fr 1fr}details:not([open]){display:none}}
"""

_FONT: Final = "system-ui, sans-serif"


def _look(text: str, soft: str, grid: str) -> dict[str, object]:
    """Return a Vega configuration of these colours."""
    return {
        "background": None,
        "font": _FONT,
        "view": {"stroke": grid},
        "axis": {"labelColor": soft, "titleColor": soft, "gridColor": grid, "domainColor": grid, "tickColor": grid, "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": 400},
        "legend": {"labelColor": text, "titleColor": soft, "labelFontSize": 12, "titleFontWeight": 400, "labelLimit": 150},
        "text": {"color": text, "fontSize": 12},
        "rule": {"color": soft},
    }  # fmt: skip


LIGHT: Final = _look("#1b1f24", "#57606a", "#e3e7eb")
DARK: Final = _look("#e6edf3", "#9aa5b1", "#2a3038")

SCRIPT: Final = """
const charts=JSON.parse(document.getElementById("charts").textContent);
const dark=matchMedia("(prefers-color-scheme: dark)");
let drawn=null;
function draw(mode){
  drawn=mode;
  return Promise.all(charts.specs.map((spec,place)=>vegaEmbed("#chart-"+place,{...spec,config:charts.looks[mode]},
    {renderer:"svg",mode:"vega-lite",actions:{export:true,source:false,compiled:false,editor:false},tooltip:{theme:mode}})))
  .then(views=>{window.views=views.map(one=>one.view);document.body.dataset.drawn=mode});
}
const wanted=()=>dark.matches?"dark":"light";
draw(wanted());
dark.addEventListener("change",()=>draw(wanted()));
matchMedia("print").addEventListener("change",event=>{draw(event.matches?"light":wanted())});
"""
