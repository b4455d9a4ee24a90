namespace Preheat.Reports;

/// <summary>The page's style sheet. Colours are named once per scheme; marks differ in shape too, so that nothing is told by colour alone.</summary>
internal static class ReportStyle
{
    public const string Css = """
        :root { color-scheme: light dark; --page: #f7f7f5; --card: #ffffff; --ink: #1c1c1a; --soft: #63635e; --line: #e1e0da; --grid: #ecebe6;
          --blue: #2a6fc9; --faint: #2a6fc9; --orange: #c05a10; --good: #1d7a3f; --bad: #c0262d; --stamp: #fdf1d6; --stamp-ink: #6b4a00; }
        @media (prefers-color-scheme: dark) { :root { --page: #161617; --card: #1f1f21; --ink: #ececea; --soft: #a3a39e; --line: #37373a; --grid: #2b2b2e;
          --blue: #6ea8f0; --faint: #6ea8f0; --orange: #f0a35e; --good: #5cc585; --bad: #ff7b7b; --stamp: #3a2f14; --stamp-ink: #f3d58a; } }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
        main { max-width: 1060px; margin: 0 auto; padding: 28px 20px 60px; }
        h1 { font-size: 26px; margin: 0; overflow-wrap: anywhere; }
        h2 { font-size: 18px; margin: 0 0 12px; }
        h3 { font-size: 14px; margin: 20px 0 4px; color: var(--soft); font-weight: 600; }
        header { display: flex; flex-wrap: wrap; gap: 6px 14px; align-items: center; margin-bottom: 14px; }
        header p { flex-basis: 100%; margin: 0; color: var(--soft); }
        section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 18px 20px; margin-top: 16px; }
        .pill { border-radius: 99px; padding: 2px 12px; font-weight: 600; font-size: 13px; border: 1px solid currentColor; white-space: nowrap; }
        .good { color: var(--good); } .bad { color: var(--bad); } .soft { color: var(--soft); }
        .stamp { background: var(--stamp); color: var(--stamp-ink); border-radius: 8px; padding: 8px 14px; margin: 10px 0 0; font-weight: 600; }
        .failure { border-left: 4px solid var(--bad); padding: 4px 14px; margin: 10px 0 0; white-space: pre-wrap; overflow-wrap: anywhere; }
        .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(130px, 1fr)); gap: 12px; margin-top: 16px; }
        .tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 12px 14px; }
        .tile b { display: block; font-size: 22px; line-height: 1.25; font-variant-numeric: tabular-nums; }
        .tile span { color: var(--soft); font-size: 13px; }
        dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 18px; margin: 0; }
        dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
        table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
        th { text-align: left; color: var(--soft); font-weight: 600; font-size: 13px; }
        th, td { padding: 5px 14px 5px 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
        tr:last-child td { border-bottom: 0; } td:first-child { min-width: 9em; }
        td.num, th.num { text-align: right; white-space: nowrap; } .scroll { overflow-x: auto; }
        code, pre { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 13px; }
        pre { overflow-x: auto; margin: 8px 0 0; }
        svg { display: block; width: 100%; height: auto; } .scroll > svg { min-width: 680px; }
        svg text { fill: var(--ink); font-size: 13px; } svg .tick { fill: var(--soft); font-size: 12px; } svg .value { font-variant-numeric: tabular-nums; }
        svg .grid { stroke: var(--grid); } svg .bar { fill: var(--blue); }
        svg .ok { stroke: var(--faint); stroke-width: 5; stroke-linecap: round; opacity: .4; fill: none; }
        svg .failed { stroke: var(--bad); stroke-width: 1.5; fill: none; opacity: .75; }
        svg .p50 { stroke: var(--ink); stroke-width: 2; fill: none; } svg .p95 { stroke: var(--orange); stroke-width: 2; stroke-dasharray: 6 4; fill: none; }
        svg .curve { stroke: var(--blue); stroke-width: 2; fill: none; }
        .legend { display: flex; flex-wrap: wrap; gap: 4px 18px; color: var(--soft); font-size: 13px; margin: 0 0 4px; }
        .legend svg { display: inline-block; width: 22px; height: 12px; vertical-align: -1px; margin-right: 6px; }
        summary { cursor: pointer; font-weight: 600; } details dl { margin-top: 10px; } details { margin-top: 14px; }
        @media print { body { background: #fff; } section, .tile { break-inside: avoid; } }
        """;
}
