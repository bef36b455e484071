namespace Studio.Components.Charts;

/// <summary>What plotly draws. A colour of the theme is written as <c>var(--name)</c>; the page's script resolves it at each drawing.</summary>
/// <param name="Data">Traces as plotly takes them.</param>
/// <param name="Layout">Layout as plotly takes it; fonts, colours and margins have defaults.</param>
public sealed record PlotFigure(IReadOnlyList<object> Data, object Layout);
