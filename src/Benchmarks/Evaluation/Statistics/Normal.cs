namespace Studio.Benchmarks.Evaluation.Statistics;

/// <summary>The standard normal distribution.</summary>
public static class Normal
{
    /// <summary>Probability of a value above z; its relative error stays below 1e-12 in the far tail too.</summary>
    public static double UpperTail(double z) => z < 0 ? 1 - UpperTail(-z) : z < 3 ? 0.5 - Series(z) : Fraction(z);

    /// <summary>Probability of a value up to z.</summary>
    public static double Cdf(double z) => UpperTail(-z);

    /// <summary>
    /// The value that a probability lies below: bisection and Newton's steps on <see cref="UpperTail"/>, to the last digits.
    /// </summary>
    /// <param name="probability">Above 0, below 1.</param>
    public static double Quantile(double probability)
    {
        if (!(probability > 0 && probability < 1)) throw new ArgumentOutOfRangeException(nameof(probability), probability, "Give a probability above 0 and below 1.");
        if (probability < 0.5) return -Upper(probability);
        return Upper(1 - probability);
    }

    /// <summary>z of a two-sided interval: 1.96 for 0.95.</summary>
    public static double TwoSided(double confidence)
    {
        if (!(confidence > 0 && confidence < 1)) throw new ArgumentOutOfRangeException(nameof(confidence), confidence, "Give a confidence above 0 and below 1, for instance 0.95.");
        return Upper((1 - confidence) / 2);
    }

    private static double Density(double z) => Math.Exp(-z * z / 2) / Math.Sqrt(2 * Math.PI);

    private static double Upper(double tail)
    {
        if (tail >= 0.5) return 0;
        var (low, high) = (0.0, 40.0);
        for (var i = 0; i < 60; i++)
        {
            var middle = (low + high) / 2;
            if (UpperTail(middle) > tail) low = middle;
            else high = middle;
        }

        var z = (low + high) / 2;
        for (var i = 0; i < 2; i++) z += (UpperTail(z) - tail) / Density(z);
        return z;
    }

    /// <summary>Probability between 0 and z by its power series (Abramowitz and Stegun 26.2.11).</summary>
    private static double Series(double z)
    {
        var (term, sum) = (z, z);
        for (var k = 1; k < 200 && Math.Abs(term) > 1e-18 * Math.Abs(sum); k++)
        {
            term *= z * z / ((2 * k) + 1);
            sum += term;
        }

        return sum * Density(z);
    }

    /// <summary>The tail as a continued fraction (Abramowitz and Stegun 26.2.14).</summary>
    private static double Fraction(double z)
    {
        var value = z;
        for (var k = 300; k > 0; k--) value = z + (k / value);
        return Density(z) / value;
    }
}
