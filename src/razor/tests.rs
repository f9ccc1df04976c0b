use proptest::prelude::*;

use super::*;
use crate::rng::Stream;

fn razor(basis: u32, target: u32, group: usize, rounding: Rounding, code: Code) -> Razor {
    Razor::new(basis, target, group).unwrap().with_rounding(rounding).with_code(code)
}

/// The authors' algorithm in real numbers, number by number.
fn naive(razor: &Razor, group: &[i16]) -> (Vec<i8>, u8) {
    let largest = group.iter().map(|q| f64::from(*q).abs()).fold(0.0, f64::max);
    let limit = f64::from(1u32 << (razor.target - 1));
    // The least step at which the leading one fits below the sign.
    let flag = (0u8..16).find(|flag| (largest / 2f64.powi((*flag).into())).floor() < limit).unwrap();
    let code = |q: &i16| {
        let scaled = f64::from(*q).abs() / 2f64.powi(flag.into());
        let rounded = match razor.rounding {
            Rounding::NearestEven => scaled.round_ties_even(),
            Rounding::HalfUp => (scaled + 0.5).floor(),
            Rounding::Truncate => scaled.floor(),
        };
        let signed = rounded.copysign((*q).into());
        let lowest = if razor.code == Code::TwosComplement { -limit } else { 1.0 - limit };
        signed.clamp(lowest, limit - 1.0) as i8
    };
    (group.iter().map(code).collect(), flag)
}

#[test]
fn published_vectors_come_out() {
    use {Code::*, Rounding::*};
    let long: &[i16] = &[37, -5, 90, -118, 2, 0, -64, 15];
    let close: &[i16] = &[120, 119, -120, -119];
    for (numbers, rounding, code, codes) in [
        (long, NearestEven, SignMagnitude, &[2, 0, 6, -7, 0, 0, -4, 1][..]),
        (long, Truncate, SignMagnitude, &[2, 0, 5, -7, 0, 0, -4, 0]),
        (close, NearestEven, SignMagnitude, &[7, 7, -7, -7]),
        (close, NearestEven, TwosComplement, &[7, 7, -8, -7]),
    ] {
        let found = razor(8, 4, numbers.len(), rounding, code).razor(numbers, numbers.len()).unwrap();
        assert_eq!((found.codes(), found.flags()), (codes, &[4][..]), "{rounding:?}, {code:?}");
    }
}

#[test]
fn a_number_takes_the_bits_that_were_published() {
    let bits = |basis, group| Razor::new(basis, 4, group).unwrap().effective_bits();
    assert_eq!([8, 16, 32].map(|group| bits(8, group)), [4.375, 4.1875, 4.09375]);
    assert_eq!([8, 16, 32, 64].map(|group| bits(16, group)), [4.5, 4.25, 4.125, 4.0625]);
    let razored = Razor::new(8, 4, 16).unwrap().razor(&[1; 40], 20).unwrap();
    assert_eq!((razored.flags().len(), razored.bits()), (4, 40 * 4 + 4 * 3));
    let flags = |basis, target, code| razor(basis, target, 16, Rounding::NearestEven, code).largest_flag();
    assert_eq!([8, 16].map(|basis| flags(basis, 4, Code::SignMagnitude)), [4, 12]);
    assert_eq!([8, 16].map(|basis| flags(basis, 4, Code::TwosComplement)), [5, 13]);
}

#[test]
fn what_cannot_be_razored_is_named() {
    let error = |basis, target, group| Razor::new(basis, target, group).unwrap_err().to_string();
    assert_eq!(error(7, 4, 16), "the basis is 7; write 8 or 16 bits");
    assert_eq!(error(8, 9, 16), "the target is 9; write 2 to 8 bits");
    assert_eq!(error(8, 4, 0), "a group is 0; write 4 to 256 numbers");
    let razor = Razor::new(8, 4, 4).unwrap();
    let expected = "number 2 is -128; the basis holds -127 to 127, to which the first stage clamps";
    assert_eq!(razor.razor(&[0, 1, -128], 3).unwrap_err().to_string(), expected);
    assert_eq!(razor.with_code(Code::TwosComplement).razor(&[0, 1, -128], 3).unwrap().flags(), [5]);
    assert_eq!(razor.razor(&[1, 2, 3], 2).unwrap_err().to_string(), "3 numbers are no whole rows of 2");
    let error = razor.scale(&[1.0, f32::NAN], 2, Granularity::Tensor).unwrap_err();
    assert_eq!(error.to_string(), "number 1 is NaN; a scale needs finite numbers");
}

#[test]
fn zeros_have_no_scale_and_no_flag() {
    let razor = Razor::new(16, 4, 4).unwrap();
    let scaled = razor.scale(&[0.0; 6], 3, Granularity::Token).unwrap();
    assert_eq!((&*scaled.numbers, &*scaled.scales), (&[0; 6][..], &[0.0; 2][..]));
    let razored = razor.razor(&scaled.numbers, 3).unwrap();
    assert_eq!((razored.codes(), razored.flags()), (&[0; 6][..], &[0; 2][..]));
}

/// Every number under every leading one, of 8 bits.
#[test]
fn every_number_of_8_bits_is_rounded_as_real_numbers_are() {
    for target in 2..=8 {
        for rounding in [Rounding::NearestEven, Rounding::HalfUp, Rounding::Truncate] {
            for code in [Code::SignMagnitude, Code::TwosComplement] {
                let razor = razor(8, target, 4, rounding, code);
                for number in razor.range() {
                    for bit in 0..7 {
                        let group = [number, 1 << bit, 0, -number.max(-127)];
                        let found = razor.razor(&group, 4).unwrap();
                        assert_eq!(
                            (found.codes.clone(), found.flags[0]),
                            naive(&razor, &group),
                            "{razor:?} {group:?}"
                        );
                    }
                }
            }
        }
    }
}

/// Signal to noise in dB.
fn sqnr(razor: &Razor, tensor: &[f32], row: usize, granularity: Granularity) -> f64 {
    let scaled = razor.scale(tensor, row, granularity).unwrap();
    let razored = razor.razor(&scaled.numbers, row).unwrap().numbers();
    let per_scale = tensor.len() / scaled.scales.len();
    let (mut signal, mut noise) = (0.0, 0.0);
    for (at, (x, q)) in tensor.iter().zip(razored).enumerate() {
        let x = f64::from(*x);
        signal += x * x;
        noise += (x - f64::from(q) * f64::from(scaled.scales[at / per_scale])).powi(2);
    }
    10.0 * (signal / noise).log10()
}

/// Measured elsewhere, in another language, on other draws: Gaussian weights, 8 bits, a scale for 4096 of them.
#[test]
fn noise_by_group_size_is_what_another_program_measured() {
    let mut stream = Stream::new(5, "razor.sqnr", 0);
    let weights: Vec<f32> = (0..1 << 18).map(|_| stream.normal() as f32).collect();
    for (group, nearest, truncated) in [(8, 19.8, 14.9), (16, 18.6, 13.6), (32, 17.7, 12.6), (64, 17.2, 12.1)]
    {
        for (rounding, expected) in [(Rounding::NearestEven, nearest), (Rounding::Truncate, truncated)] {
            let razor = razor(8, 4, group, rounding, Code::SignMagnitude);
            let found = sqnr(&razor, &weights, 4096, Granularity::Channel);
            assert!((found - expected).abs() < 0.15, "groups of {group}, {rounding:?}: {found} dB");
        }
    }
}

#[test]
fn scales_are_those_of_the_tensor_or_of_each_row() {
    let razor = Razor::new(16, 4, 4).unwrap();
    let tensor = [1.0, -3.0, 0.5, 8.0, 2.0, -0.1];
    let scaled = |granularity| razor.scale(&tensor, 3, granularity).unwrap();
    assert_eq!(scaled(Granularity::Tensor).scales, [8.0 / 32_767.0]);
    assert_eq!(scaled(Granularity::Token).scales, [3.0 / 32_767.0, 8.0 / 32_767.0]);
    assert_eq!(scaled(Granularity::Token), scaled(Granularity::Channel));
    assert_eq!(scaled(Granularity::Tensor).numbers[3], 32_767);
}

/// All of what two numbers of each operand may be, in steps, beside zeros.
#[test]
fn decompression_is_not_needed_on_any_of_many_small_operands() {
    for code in [Code::SignMagnitude, Code::TwosComplement] {
        for target in [2, 3, 4] {
            let razor = razor(8, target, 4, Rounding::NearestEven, code);
            let pairs: Vec<[i16; 2]> =
                (-127..=127).step_by(7).flat_map(|a| (-127..=127).step_by(11).map(move |b| [a, b])).collect();
            let rows: Vec<i16> = pairs.iter().flat_map(|[a, b]| [*a, *b, 0, 0]).collect();
            let razored = razor.razor(&rows, 4).unwrap();
            let numbers = razored.numbers();
            for a in (0..pairs.len()).step_by(5) {
                for b in 0..pairs.len() {
                    let [of_a, of_b] = [a, b].map(|row| &numbers[4 * row..][..4]);
                    let dot: i64 = of_a.iter().zip(of_b).map(|(a, b)| i64::from(a * b)).sum();
                    assert_eq!(razored.addends(a, &razored, b).sum::<i64>(), dot);
                }
            }
        }
    }
}

#[test]
fn the_depth_is_the_number_of_the_worst_products() {
    let two = |basis| razor(basis, 4, 16, Rounding::NearestEven, Code::TwosComplement);
    assert_eq!([depth(&two(16), &two(8), 32), depth(&two(8), &two(8), 32)], [511, 131_071]);
    let razor = Razor::new(8, 4, 4).unwrap();
    let worst = razor.razor(&[-127; 4], 4).unwrap();
    let addend: i64 = worst.addends(0, &worst, 0).sum();
    let bits = 20;
    let products = depth(&razor, &razor, bits) as i64;
    let most = (1i64 << (bits - 1)) - 1;
    assert!(addend / 4 * products <= most && addend / 4 * (products + 1) > most);
}

prop_compose! {
    fn razors()(
        basis in prop::sample::select(vec![8u32, 16]),
        target in 2u32..=8,
        group in prop::sample::select(vec![4usize, 5, 8, 16, 32, 64, 100, 128, 256]),
        rounding in prop::sample::select(vec![Rounding::NearestEven, Rounding::HalfUp, Rounding::Truncate]),
        code in prop::sample::select(vec![Code::SignMagnitude, Code::TwosComplement]),
    ) -> Razor {
        razor(basis, target, group, rounding, code)
    }
}

/// Numbers of the basis, of very different magnitudes from group to group.
fn numbers(razor: &Razor, count: usize, seed: u64) -> Vec<i16> {
    let mut stream = Stream::new(seed, "razor.numbers", 0);
    let (lowest, highest) = razor.range().into_inner();
    (0..count)
        .map(|at| {
            let number =
                lowest as i64 + stream.below((i64::from(highest) - i64::from(lowest) + 1) as u64) as i64;
            (number >> (at / 37 % 14)) as i16
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn groups_are_razored_as_real_numbers_are(razor in razors(), row in 1usize..300, seed in any::<u64>()) {
        let numbers = numbers(&razor, 3 * row, seed);
        let razored = razor.razor(&numbers, row).unwrap();
        let groups: Vec<_> =
            numbers.chunks(row).flat_map(|row| row.chunks(razor.group)).map(|group| naive(&razor, group)).collect();
        prop_assert_eq!(&razored.flags, &groups.iter().map(|(_, flag)| *flag).collect::<Vec<_>>());
        prop_assert_eq!(&razored.codes, &groups.into_iter().flat_map(|(codes, _)| codes).collect::<Vec<_>>());
    }

    #[test]
    fn an_error_is_at_most_half_a_step_but_where_a_code_is_clamped(razor in razors(), seed in any::<u64>()) {
        let numbers = numbers(&razor, 2 * razor.group, seed);
        let razored = razor.razor(&numbers, razor.group).unwrap();
        let back = razored.numbers();
        for (at, (q, value)) in numbers.iter().zip(&back).enumerate() {
            let (flag, error) = (razored.flags[at / razor.group], (i32::from(*q) - value).abs());
            let clamped = razored.codes[at].unsigned_abs() as u32 >= (1 << (razor.target - 1)) - 1;
            let half = razor.rounding != Rounding::Truncate && !clamped;
            prop_assert!(if half { 2 * error <= (1 << flag) } else { error < (1 << flag) }, "{} {}", q, value);
            prop_assert!(flag > 0 || error == 0, "small groups are exact");
        }
    }

    #[test]
    fn sign_and_magnitude_are_odd_and_stay_as_they_are(razor in razors(), seed in any::<u64>()) {
        let razor = razor.with_code(Code::SignMagnitude);
        let numbers = numbers(&razor, 300, seed);
        let razored = razor.razor(&numbers, 300).unwrap();
        let turned = razor.razor(&numbers.iter().map(|q| -q).collect::<Vec<_>>(), 300).unwrap();
        prop_assert!(razored.codes.iter().zip(&turned.codes).all(|(one, other)| *one == -other));
        prop_assert_eq!(&razored.flags, &turned.flags);
        let back: Vec<i16> = razored.numbers().into_iter().map(|q| q as i16).collect();
        prop_assert_eq!(razor.razor(&back, 300).unwrap().numbers(), razored.numbers());
    }

    #[test]
    fn order_within_a_group_and_zeros_at_its_end_do_not_matter(razor in razors(), seed in any::<u64>()) {
        let mut group = numbers(&razor, razor.group, seed);
        let razored = razor.razor(&group, razor.group).unwrap();
        let padded = razor.razor(&group[..razor.group - 2], razor.group - 2).unwrap();
        group.reverse();
        let reversed = razor.razor(&group, razor.group).unwrap();
        prop_assert!(razored.codes.iter().eq(reversed.codes.iter().rev()));
        prop_assert_eq!(&razored.flags, &reversed.flags);
        group.reverse();
        group[razor.group - 2..].fill(0);
        let zeros = razor.razor(&group, razor.group).unwrap();
        prop_assert_eq!((&zeros.codes[..razor.group - 2], &zeros.flags), (&padded.codes[..], &padded.flags));
    }

    #[test]
    fn twice_the_numbers_are_razored_to_twice_as_much(razor in razors(), seed in any::<u64>()) {
        let half: Vec<i16> = numbers(&razor, razor.group, seed).into_iter().map(|q| q / 2).collect();
        let twice: Vec<i16> = half.iter().map(|q| 2 * q).collect();
        let [half, twice] = [half, twice].map(|numbers| razor.razor(&numbers, razor.group).unwrap());
        if half.flags[0] >= 1 {
            prop_assert!(half.numbers().iter().zip(twice.numbers()).all(|(half, twice)| 2 * half == twice));
        }
    }

    #[test]
    fn the_largest_number_of_a_group_loses_an_eighth_at_most(razor in razors(), seed in any::<u64>()) {
        let razor = Razor { target: 4, ..razor };
        let numbers = numbers(&razor, razor.group, seed);
        let back = razor.razor(&numbers, razor.group).unwrap().numbers();
        let at = (0..numbers.len()).max_by_key(|at| numbers[*at].unsigned_abs()).unwrap();
        let largest = i32::from(numbers[at]).abs();
        let share = if razor.rounding == Rounding::Truncate { 4 } else { 8 };
        prop_assert!((largest - back[at].abs()).abs() * share <= largest, "{} {}", largest, back[at]);
    }

    #[test]
    fn shifted_sums_of_codes_are_products_of_numbers(
        razor in razors(), other in razors(), row in 1usize..300, seed in any::<u64>(),
    ) {
        let other = Razor { group: razor.group, ..other };
        let [a, b] = [(razor, seed), (other, !seed)]
            .map(|(razor, seed)| razor.razor(&numbers(&razor, 2 * row, seed), row).unwrap());
        let [of_a, of_b] = [a.numbers(), b.numbers()];
        for (row_a, row_b) in [(0, 0), (1, 0), (1, 1)] {
            let pairs = of_a[row_a * row..][..row].iter().zip(&of_b[row_b * row..][..row]);
            let dot: i64 = pairs.map(|(a, b)| i64::from(*a) * i64::from(*b)).sum();
            prop_assert_eq!(a.addends(row_a, &b, row_b).sum::<i64>(), dot);
            prop_assert_eq!(a.shifted_products(row_a, &b, row_b).sum::<i64>(), dot);
        }
    }
}
