namespace Dlrm.Layers;

/// <summary>Is told of gradients while the way back goes on.</summary>
internal interface IGradientSink
{
    /// <summary>A parameter's gradient is complete and will not change before its update.</summary>
    /// <param name="parameter">With a gradient.</param>
    void Completed(Parameter parameter);
}
